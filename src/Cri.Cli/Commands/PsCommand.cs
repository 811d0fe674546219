using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp ps</c>: the containers on the node.</summary>
internal static class PsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Also containers that do not run." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids." };
        var command = new Command("ps", "List containers.") { all, quiet };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(all), parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, bool all, bool quiet)
    {
        var running = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning } };
        var request = new ListContainersRequest { Filter = all ? null : running };
        var list = await CommandFailure.ExplainAsync("list containers", session.Runtime.ListContainersAsync(request, session.Options));
        if (session.Json)
        {
            session.WriteJson(list);
        }
        else if (quiet)
        {
            list.Containers.ToList().ForEach(container => session.Terminal.WriteLine(container.Id));
        }
        else
        {
            var pods = await session.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), session.Options);
            session.Terminal.Write(Table(list.Containers, pods.Items).ToString());
        }

        return 0;
    }

    private static TextTable Table(IEnumerable<Container> containers, IEnumerable<PodSandbox> pods)
    {
        var names = pods.ToDictionary(pod => pod.Id, pod => pod.Metadata.Name);
        var table = new TextTable("CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD");
        foreach (var container in containers.OrderByDescending(container => container.CreatedAt))
        {
            table.Add(
                ShortId.Of(container.Id),
                ImageOf(container),
                Age.Of(container.CreatedAt, DateTimeOffset.UtcNow),
                ContainerWords.State(container.State),
                container.Metadata.Name,
                $"{container.Metadata.Attempt}",
                ShortId.Of(container.PodSandboxId),
                names.GetValueOrDefault(container.PodSandboxId, ""));
        }

        return table;
    }

    private static string ImageOf(Container container) => ShortId.OfImage(
        container.Image is { UserSpecifiedImage.Length: > 0 } named ? named.UserSpecifiedImage
        : container.Image is { Image.Length: > 0 } plain ? plain.Image
        : container.ImageRef);
}
