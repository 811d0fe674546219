using System.CommandLine;
using Cri.Cli.Run;

namespace Cri.Cli.Commands;

/// <summary><c>crisp run</c>: a pod with one container, pulled, run and followed in one go.</summary>
internal sealed class RunCommand
{
    private const string DefaultLogRoot = "/var/log/pods";

    private readonly Argument<string> _image = new("image") { Description = "The image; pulled if it is missing." };
    private readonly Argument<string[]> _tail = new("command") { Description = "Replaces the image's command.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _name = new("--name") { Description = "The name of pod and container." };
    private readonly Option<bool> _detach = new("--detach", "-d") { Description = "Print the container's id and leave it running." };
    private readonly Option<bool> _remove = new("--rm") { Description = "Remove pod and logs at the end." };
    private readonly Option<string[]> _ports = new("--publish", "-p") { Description = "[ADDRESS:]HOST:CONTAINER[/PROTOCOL]" };
    private readonly Option<string[]> _volumes = new("--volume", "-v") { Description = "HOST:CONTAINER[:ro]" };
    private readonly Option<string[]> _variables = new("--env", "-e") { Description = "NAME=VALUE, or NAME for its value here." };
    private readonly Option<bool> _hostNetwork = new("--host-network") { Description = "Use the host's network." };
    private readonly Option<string> _handler = new("--runtime") { Description = "The OCI runtime handler.", DefaultValueFactory = _ => "" };
    private readonly Option<string> _logDirectory = new("--log-dir")
    {
        Description = "Where the logs of pods lie.",
        DefaultValueFactory = _ => DefaultLogRoot,
    };

    private RunCommand()
    {
    }

    public static Command Create(GlobalOptions options) => new RunCommand().Build(options);

    private Command Build(GlobalOptions options)
    {
        var command = new Command("run", "Run a container in a pod of its own.")
        {
            _image, _tail, _name, _detach, _remove, _ports, _volumes, _variables, _hostNetwork, _handler, _logDirectory,
        };
        options.SetAction(command, (session, parsed) => RunAsync(session, Read(parsed), parsed.GetValue(_detach)));
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

    private RunOptions Read(ParseResult parsed) => new()
    {
        Image = parsed.GetValue(_image)!,
        Name = parsed.GetValue(_name) ?? NewName(parsed.GetValue(_image)!),
        Command = parsed.GetValue(_tail) ?? [],
        Ports = [.. (parsed.GetValue(_ports) ?? []).Select(PublishedPort.Parse)],
        Mounts = [.. (parsed.GetValue(_volumes) ?? []).Select(VolumeMount.Parse)],
        Environment = [.. (parsed.GetValue(_variables) ?? []).Select(EnvironmentVariable.Parse).OfType<Api.V1.KeyValue>()],
        HostNetwork = parsed.GetValue(_hostNetwork),
        RuntimeHandler = parsed.GetValue(_handler)!,
        LogRoot = parsed.GetValue(_logDirectory)!,
        Remove = parsed.GetValue(_remove),
    };

    /// <summary>A name made of the image's and a random end, legal as a host name.</summary>
    internal static string NewName(string image)
    {
        var last = image.Split('@')[0].Split('/')[^1].Split(':')[0].ToLowerInvariant();
        var letters = string.Concat(last.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-')).Trim('-');
        return $"{(letters.Length == 0 ? "pod" : letters[..Math.Min(letters.Length, 40)])}-{Random.Shared.Next(0x100000):x5}";
    }
}
