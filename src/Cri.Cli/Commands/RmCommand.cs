using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Run;

namespace Cri.Cli.Commands;

/// <summary><c>crisp rm</c>: removes pods or containers. A name that both have means the pod.</summary>
internal static class RmCommand
{
    public static Command Create(GlobalOptions options)
    {
        var words = new Argument<string[]>("id") { Description = "Ids, their beginnings, or names.", Arity = ArgumentArity.OneOrMore };
        var force = new Option<bool>("--force", "-f") { Description = "Also what still runs." };
        var command = new Command("rm", "Remove pods or containers.") { words, force };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(words)!, parsed.GetValue(force)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] words, bool force)
    {
        var node = await NodeObjects.ReadAsync(session);
        foreach (var word in words)
        {
            if (node.FindPod(word) is { } pod)
            {
                await RemovePodAsync(session, node, pod, word, force);
                session.Terminal.WriteLine(pod.Id);
            }
            else
            {
                var container = node.FindContainer(word) ?? throw new CommandFailure($"remove {word}", "no such pod or container");
                Refuse(word, !force && container.State == ContainerState.ContainerRunning);
                var request = new RemoveContainerRequest { ContainerId = container.Id };
                await CommandFailure.ExplainAsync($"remove container {word}", session.Runtime.RemoveContainerAsync(request, session.Options));
                session.Terminal.WriteLine(container.Id);
            }
        }

        return 0;
    }

    private static async Task RemovePodAsync(Session session, NodeObjects node, PodSandbox pod, string word, bool force)
    {
        Refuse(word, !force && node.ContainersOf(pod).Any(container => container.State == ContainerState.ContainerRunning));
        var stop = new StopPodSandboxRequest { PodSandboxId = pod.Id };
        await CommandFailure.ExplainAsync($"stop pod {word}", session.Runtime.StopPodSandboxAsync(stop, session.Options));
        var remove = new RemovePodSandboxRequest { PodSandboxId = pod.Id };
        await CommandFailure.ExplainAsync($"remove pod {word}", session.Runtime.RemovePodSandboxAsync(remove, session.Options));
        PodLogDirectory.Recorded(pod.Annotations)?.Remove();
    }

    private static void Refuse(string word, bool running)
    {
        if (running)
        {
            throw new CommandFailure($"remove {word}", "it is running; stop it first, or use --force");
        }
    }
}
