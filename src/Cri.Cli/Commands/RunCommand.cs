using System.CommandLine;
using Cri.Cli.Run;

namespace Cri.Cli.Commands;

/// <summary><c>crisp run</c>: a pod with one container, pulled, run and followed in one go.</summary>
internal static class RunCommand
{
    private const string DefaultLogRoot = "/var/log/pods";

    private static readonly Argument<string> Image = new("image") { Description = "The image; pulled if it is missing." };
    private static readonly Argument<string[]> Tail = new("command") { Description = "Replaces the image's command.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> Name = new("--name") { Description = "The name of pod and container." };
    private static readonly Option<bool> Detach = new("--detach", "-d") { Description = "Print the container's id and leave it running." };
    private static readonly Option<bool> Remove = new("--rm") { Description = "Remove pod and logs at the end." };
    private static readonly Option<string[]> Ports = new("--publish", "-p") { Description = "[ADDRESS:]HOST:CONTAINER[/PROTOCOL]" };
    private static readonly Option<string[]> Volumes = new("--volume", "-v") { Description = "HOST:CONTAINER[:ro]" };
    private static readonly Option<string[]> Variables = new("--env", "-e") { Description = "NAME=VALUE, or NAME for its value here." };
    private static readonly Option<bool> HostNetwork = new("--host-network") { Description = "Use the host's network." };
    private static readonly Option<string> Handler = new("--runtime") { Description = "The OCI runtime handler.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> LogDirectory = new("--log-dir")
    {
        Description = "Where the logs of pods lie.",
        DefaultValueFactory = _ => DefaultLogRoot,
    };

    public static Command Create(GlobalOptions options)
    {
        var command = new Command("run", "Run a container in a pod of its own.")
        {
            Image, Tail, Name, Detach, Remove, Ports, Volumes, Variables, HostNetwork, Handler, LogDirectory,
        };
        options.SetAction(command, (session, parsed) => RunAsync(session, Read(parsed), parsed.GetValue(Detach)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, RunOptions options, bool detach)
    {
        if (detach && options.Remove)
        {
            throw CommandFailure.OfUsage("--rm", "nobody would be there to remove a pod that runs with --detach");
        }

        var run = new PodRun(session, options);
        var id = await run.StartAsync();
        if (!detach)
        {
            return await run.ForegroundAsync();
        }

        session.Terminal.WriteLine(id);
        return 0;
    }

    private static RunOptions Read(ParseResult parsed) => new()
    {
        Image = parsed.GetValue(Image)!,
        Name = parsed.GetValue(Name) ?? NewName(parsed.GetValue(Image)!),
        Command = parsed.GetValue(Tail) ?? [],
        Ports = [.. (parsed.GetValue(Ports) ?? []).Select(PublishedPort.Parse)],
        Mounts = [.. (parsed.GetValue(Volumes) ?? []).Select(VolumeMount.Parse)],
        Environment = [.. (parsed.GetValue(Variables) ?? []).Select(EnvironmentVariable.Parse).OfType<Api.V1.KeyValue>()],
        HostNetwork = parsed.GetValue(HostNetwork),
        RuntimeHandler = parsed.GetValue(Handler)!,
        LogRoot = parsed.GetValue(LogDirectory)!,
        Remove = parsed.GetValue(Remove),
    };

    /// <summary>A name made of the image's and a random end, legal as a host name.</summary>
    internal static string NewName(string image)
    {
        var last = image.Split('@')[0].Split('/')[^1].Split(':')[0].ToLowerInvariant();
        var letters = string.Concat(last.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-')).Trim('-');
        return $"{(letters.Length == 0 ? "pod" : letters[..Math.Min(letters.Length, 40)])}-{Random.Shared.Next(0x100000):x5}";
    }
}
