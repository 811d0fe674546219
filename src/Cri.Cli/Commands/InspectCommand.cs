using System.CommandLine;
using Cri.Api.V1;
using Google.Protobuf;

namespace Cri.Cli.Commands;

/// <summary><c>crisp inspect</c>: everything about a container, a pod or an image, tried in this order, as JSON.</summary>
internal static class InspectCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("id") { Description = "An id, the beginning of one, or a name." };
        var kind = new Option<string?>("--type") { Description = "Look only for a container, a pod or an image." };
        kind.AcceptOnlyFromAmong("container", "pod", "image");
        var command = new Command("inspect", "Show all about a container, pod or image, as JSON.") { word, kind };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(word)!, parsed.GetValue(kind)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string word, string? kind)
    {
        session.WriteJson(await FindAsync(session, word, kind) ?? throw new CommandFailure($"inspect {word}", $"no such {kind ?? "container, pod or image"}"));
        return 0;
    }

    private static async Task<IMessage?> FindAsync(Session session, string word, string? kind)
    {
        var node = await NodeObjects.ReadAsync(session);
        var what = $"inspect {word}";
        if (kind is null or "container" && FindContainer(node, word, kind) is { } container)
        {
            var request = new ContainerStatusRequest { ContainerId = container.Id, Verbose = true };
            return await CommandFailure.ExplainAsync(what, session.Runtime.ContainerStatusAsync(request, session.Options));
        }

        if (kind is null or "pod" && node.FindPod(word) is { } pod)
        {
            var request = new PodSandboxStatusRequest { PodSandboxId = pod.Id, Verbose = true };
            return await CommandFailure.ExplainAsync(what, session.Runtime.PodSandboxStatusAsync(request, session.Options));
        }

        return kind is null or "image" ? await FindImageAsync(session, word) : null;
    }

    // A pod's id must give the pod, not its only container.
    private static Container? FindContainer(NodeObjects node, string word, string? kind) =>
        node.FindContainer(word) is { } container && (kind is not null || IsNamed(container, word)) ? container : null;

    private static bool IsNamed(Container container, string word) =>
        container.Metadata.Name == word || container.Id.StartsWith(word, StringComparison.Ordinal);

    private static async Task<IMessage?> FindImageAsync(Session session, string word)
    {
        var request = new ImageStatusRequest { Image = new ImageSpec { Image = word }, Verbose = true };
        var status = await CommandFailure.ExplainAsync($"inspect {word}", session.Images.ImageStatusAsync(request, session.Options));
        return status.Image is null ? null : status;
    }
}
