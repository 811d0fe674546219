using System.Globalization;
using System.Text;
using Cri.Linux;
using Cri.Shim.Tasks;

namespace Cri.Shim.Containerd;

/// <summary>
/// containerd's <c>start</c>: starts a shim for the container in the working directory, or finds the one that serves its
/// group, and prints how to reach it.
/// </summary>
internal static class StartCommand
{
    /// <summary>The file in the bundle that keeps the address.</summary>
    public const string AddressFile = "address";

    /// <summary>What precedes the path in an address.</summary>
    public const string AddressScheme = "unix://";

    private const string VersionVariable = "MAX_SHIM_VERSION";
    private static readonly string[] _groupAnnotations = ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"];

    /// <summary>Runs it.</summary>
    public static void Run(CommandLine line)
    {
        var ns = line.Namespace ?? throw new ArgumentException("start needs -namespace");
        var annotations = BundleConfiguration.Read(line.Bundle).Annotations;
        var named = _groupAnnotations.Select(name => annotations.GetValueOrDefault(name));
        var group = named.FirstOrDefault(value => value is not null) ?? line.Id;
        var path = ShimSocket.PathFor(line.Address, ns, group);
        using (var listener = ShimSocket.Listen(path))
        {
            if (listener is not null)
            {
                Spawn(line, ns, group, path, listener);
            }
        }

        var address = AddressScheme + path;
        File.WriteAllText(Path.Combine(line.Bundle, AddressFile), address);
        StandardStreams.Write(Encoding.UTF8.GetBytes(Answer(address)));
    }

    private static void Spawn(CommandLine line, string ns, string group, string path, Fd listener)
    {
        try
        {
            using var log = OpenLog(line.Bundle);
            var descriptors = new Dictionary<int, int> { [3] = listener.Number };
            if (log is not null)
            {
                descriptors[2] = log.Number;
            }

            var self = Environment.ProcessPath ?? throw new InvalidOperationException("our own program cannot be found");
            ChildProcess.Start(new ChildProcessOptions
            {
                Path = self,
                Arguments = [self, "serve", "-namespace", ns, "-id", group, "-bundle", line.Bundle, "-socket", path],
                Environment = [.. ChildEnvironment.Read(), $"{ServeCommand.EventsVariable}={Environment.GetEnvironmentVariable(ServeCommand.EventsVariable)}"],
                Descriptors = descriptors,
                NewSession = true,
            });
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    // containerd reads the shim's log from a fifo in the bundle.
    private static Fd? OpenLog(string bundle)
    {
        var fifo = Path.Combine(bundle, "log");
        return File.Exists(fifo) ? Fifo.OpenBoth(fifo) : null;
    }

    private static string Answer(string address) =>
        int.TryParse(Environment.GetEnvironmentVariable(VersionVariable), CultureInfo.InvariantCulture, out var version) && version >= 3
            ? $$"""{"version":3,"address":"{{address}}","protocol":"ttrpc"}"""
            : address;
}
