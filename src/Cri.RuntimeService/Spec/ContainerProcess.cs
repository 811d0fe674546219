using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>The first process of a container: arguments, environment, directory, identity, privileges.</summary>
public static class ContainerProcess
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Builds the process. Throws INVALID_ARGUMENT when neither request nor image says what to run.</summary>
    public static ProcessSpec Build(SpecInput input)
    {
        var security = input.Security;
        var oomScore = input.Config.Linux?.Resources?.OomScoreAdj ?? 0;
        return new ProcessSpec
        {
            Terminal = input.Config.Tty,
            Args = Arguments(input),
            Env = Environment(input),
            Cwd = Directory(input),
            User = new UserSpec { Uid = input.Identity.Uid, Gid = input.Identity.Gid, AdditionalGids = input.Identity.Groups },
            Capabilities = Capabilities.Of(security, input.Host.Capabilities),
            NoNewPrivileges = security.NoNewPrivs && !security.Privileged,
            OomScoreAdj = input.Host.AttainableOomScore((int)Math.Clamp(oomScore, -1000, 1000)),
            ApparmorProfile = ContainerAppArmor.Choose(security, input.Host.AppArmor),
            SelinuxLabel = input.Labels.Process,
        };
    }

    // Kubernetes' rules: command replaces the entrypoint and drops the image's cmd; args replace the image's cmd.
    private static List<string> Arguments(SpecInput input)
    {
        IEnumerable<string> command = input.Config.Command;
        IEnumerable<string> args = input.Config.Args;
        if (input.Config.Command.Count == 0)
        {
            command = input.Image.Entrypoint ?? [];
            args = input.Config.Args.Count == 0 ? input.Image.Cmd ?? [] : args;
        }

        List<string> all = [.. command, .. args];
        return all.Count > 0
            ? all
            : throw CriError.Invalid($"container \"{input.Config.Metadata.Name}\": no command specified by the request or by the image");
    }

    // Later definitions win but keep the place of the first one.
    private static string[] Environment(SpecInput input)
    {
        var order = new List<string>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var inherited = (input.Image.Env ?? []).Prepend($"HOSTNAME={HostName(input)}").Prepend(DefaultPath);
        var all = input.Config.Tty ? inherited.Append("TERM=xterm") : inherited;
        foreach (var entry in all.Concat(input.Config.Envs.Select(env => $"{env.Key}={env.Value}")))
        {
            var name = entry.Split('=', 2)[0];
            if (values.TryAdd(name, entry))
            {
                order.Add(name);
            }

            values[name] = entry;
        }

        return [.. order.Select(name => values[name])];
    }

    private static string HostName(SpecInput input) =>
        input.Sandbox.Record.Config.Hostname is { Length: > 0 } name ? name : input.Host.HostName;

    private static string Directory(SpecInput input)
    {
        var directory = input.Config.WorkingDir.Length > 0 ? input.Config.WorkingDir : input.Image.WorkingDir ?? "";
        return directory.StartsWith('/') ? directory : "/" + directory;
    }
}
