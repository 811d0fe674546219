using System.CommandLine;
using Cri.Api.V1;

namespace Cri.Cli.Commands;

/// <summary><c>crisp stop</c>: stops pods or containers. A name that both have means the pod.</summary>
internal static class StopCommand
{
    public static Command Create(GlobalOptions options)
    {
        var words = new Argument<string[]>("id") { Description = "Ids, their beginnings, or names.", Arity = ArgumentArity.OneOrMore };
        var grace = new Option<long>("--time", "-t") { Description = "Seconds until SIGKILL.", DefaultValueFactory = _ => 10 };
        var command = new Command("stop", "Stop pods or containers.") { words, grace };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(words)!, parsed.GetValue(grace)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] words, long grace)
    {
        var node = await NodeObjects.ReadAsync(session);
        foreach (var word in words)
        {
            if (node.FindPod(word) is { } pod)
            {
                await StopContainersAsync(session, node.ContainersOf(pod), grace);
                var request = new StopPodSandboxRequest { PodSandboxId = pod.Id };
                await CommandFailure.ExplainAsync($"stop pod {word}", session.Runtime.StopPodSandboxAsync(request, session.Options));
                session.Terminal.WriteLine(pod.Id);
            }
            else
            {
                var container = node.FindContainer(word) ?? throw new CommandFailure($"stop {word}", "no such pod or container");
                await StopContainersAsync(session, [container], grace);
                session.Terminal.WriteLine(container.Id);
            }
        }

        return 0;
    }

    // StopPodSandbox gives containers no time, as a kubelet has stopped them before.
    private static Task StopContainersAsync(Session session, IEnumerable<Container> containers, long grace) => Task.WhenAll(
        from container in containers
        where container.State == ContainerState.ContainerRunning
        let request = new StopContainerRequest { ContainerId = container.Id, Timeout = grace }
        select CommandFailure.ExplainAsync($"stop container {container.Metadata.Name}", session.Runtime.StopContainerAsync(request, session.Options)));
}
