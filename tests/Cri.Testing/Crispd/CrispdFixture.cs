using System.Net.Sockets;
using Cri.Testing.Leaks;

namespace Cri.Testing.Crispd;

/// <summary>
/// A crispd from artifacts/bin with a root, a state, a socket, a network and a parent cgroup of its own. It can be killed and
/// started again on the same state. Dispose stops it and removes all of that; take <see cref="Leaks"/> before.
/// </summary>
public sealed class CrispdFixture : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new("test", "/var/tmp");
    private readonly TemporaryDirectory _state = new("test", "/run");
    private readonly PodNetworkConfiguration _network = PodNetworkConfiguration.Reserve();
    private readonly string _configuration;
    private BackgroundProcess? _process;

    private CrispdFixture(string registryHost)
    {
        CgroupParent = "/" + Path.GetFileName(_state.Path);
        _network.Write(_directory.Path + "/cni", Leases);
        _directory.File($"certs.d/{registryHost}/hosts.toml", $"server = \"http://{registryHost}\"\n\n[host.\"http://{registryHost}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
        _configuration = _directory.File("config.yaml", $"""
            root: {_directory.Path}/root
            state: {_state.Path}
            listen: {Socket}
            logLevel: debug
            streaming:
              address: 127.0.0.1
              port: 0
            registry:
              hostsDir: {_directory.Path}/certs.d
            cni:
              confDir: {_directory.Path}/cni
              binDirs: [/opt/cni/bin, /usr/lib/cni]
            cgroupDriver: cgroupfs
            """);
    }

    /// <summary>The socket of its CRI.</summary>
    public string Socket => _state.Path + "/crisp.sock";

    /// <summary>The parent cgroup that pods are to be given.</summary>
    public string CgroupParent { get; }

    /// <summary>The first three numbers of its pods' /24.</summary>
    public string Subnet => _network.Subnet;

    /// <summary>The directory of its CNI configuration.</summary>
    public string CniDirectory => _directory.Path + "/cni";

    /// <summary>What it logged, over all its starts.</summary>
    public string Log => _process?.Output ?? "";

    /// <summary>What it must not hold any more once all pods are removed.</summary>
    public LeakCheck Leaks => new()
    {
        Directories = [_directory.Path, _state.Path],
        Bridge = _network.Bridge,
        Leases = Leases,
        CgroupParent = CgroupParent,
        EmptyDirectories = [_state.Path + "/pods", _directory.Path + "/root/containers"],
        ExpectedProcesses = _process is { } process ? new HashSet<int> { process.Id } : [],
    };

    private string Leases => _directory.Path + "/leases";

    /// <summary>Starts one that pulls from <paramref name="registryHost"/> over plain HTTP.</summary>
    public static async Task<CrispdFixture> StartAsync(string registryHost)
    {
        var crispd = new CrispdFixture(registryHost);
        await crispd.StartAsync();
        return crispd;
    }

    /// <summary>Starts it again after <see cref="KillAsync"/>; returns when the socket answers.</summary>
    public async Task StartAsync()
    {
        _process = BackgroundProcess.Start(Artifacts.Binary("crispd"), ["--config", _configuration], _directory.Path + "/crispd.log");
        await _process.UntilAsync(AcceptsAsync, "crispd accepts connections");
    }

    /// <summary>Ends it by SIGKILL, as a crash would.</summary>
    public Task KillAsync() => _process!.KillAsync();

    /// <summary>Ends it by SIGTERM; returns its exit code.</summary>
    public Task<int> StopAsync() => _process!.TerminateAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        LeftoverRemoval.Run(Leaks);
        _network.Dispose();
        _state.Dispose();
        _directory.Dispose();
    }

    private async Task<bool> AcceptsAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
