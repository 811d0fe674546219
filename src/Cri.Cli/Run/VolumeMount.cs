using Cri.Api.V1;

namespace Cri.Cli.Run;

/// <summary>The value of <c>-v</c>: host:container[:ro|rw]. A relative host path is one of the current directory.</summary>
internal static class VolumeMount
{
    /// <summary>Reads a value. Throws CommandFailure naming what is wrong with it.</summary>
    public static Mount Parse(string text)
    {
        var parts = text.Split(':');
        if (parts is not ([{ Length: > 0 }, ['/', ..]] or [{ Length: > 0 }, ['/', ..], "ro" or "rw"]))
        {
            throw CommandFailure.OfUsage($"-v {text}", "expected HOST:CONTAINER[:ro] with an absolute path in the container");
        }

        return new Mount
        {
            HostPath = Path.GetFullPath(parts[0]),
            ContainerPath = parts[1],
            Readonly = parts is [.., "ro"],
            Propagation = MountPropagation.PropagationPrivate,
        };
    }
}
