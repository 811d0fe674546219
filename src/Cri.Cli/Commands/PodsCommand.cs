using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;
using Grpc.Core;

namespace Cri.Cli.Commands;

/// <summary><c>crisp pods</c>: the pod sandboxes on the node.</summary>
internal static class PodsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids." };
        var command = new Command("pods", "List pods.") { quiet };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, bool quiet)
    {
        var list = await CommandFailure.ExplainAsync("list pods", session.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(list);
        }
        else if (quiet)
        {
            list.Items.ToList().ForEach(pod => session.Terminal.WriteLine(pod.Id));
        }
        else
        {
            session.Terminal.Write((await TableAsync(session, list.Items)).ToString());
        }

        return 0;
    }

    private static async Task<TextTable> TableAsync(Session session, IEnumerable<PodSandbox> pods)
    {
        var newestFirst = pods.OrderByDescending(pod => pod.CreatedAt).ToList();
        var addresses = await Task.WhenAll(newestFirst.Select(pod => AddressAsync(session, pod)));
        var table = new TextTable("POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "IP", "ATTEMPT", "RUNTIME");
        foreach (var (pod, address) in newestFirst.Zip(addresses))
        {
            table.Add(
                ShortId.Of(pod.Id),
                Age.Of(pod.CreatedAt, DateTimeOffset.UtcNow),
                pod.State == PodSandboxState.SandboxReady ? "ready" : "not ready",
                pod.Metadata.Name,
                pod.Metadata.Namespace,
                address,
                $"{pod.Metadata.Attempt}",
                pod.RuntimeHandler.Length > 0 ? pod.RuntimeHandler : "(default)");
        }

        return table;
    }

    private static async Task<string> AddressAsync(Session session, PodSandbox pod)
    {
        try
        {
            var request = new PodSandboxStatusRequest { PodSandboxId = pod.Id };
            return (await session.Runtime.PodSandboxStatusAsync(request, session.Options)).Status.Network?.Ip ?? "";
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return "";
        }
    }
}
