using System.Net.Sockets;
using Cri.Testing.Cgroups;
using Cri.Testing.Leaks;
using Cri.Testing.Pods;

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
    private readonly IReadOnlyList<string> _environment;
    private BackgroundProcess? _process;

    private CrispdFixture(string registryHost, NodeSettings settings)
    {
        var path = $"PATH={(settings.Programs is { } first ? first + ":" : "")}{Environment.GetEnvironmentVariable("PATH")}";
        _environment = [path, .. settings.Environment.Select(variable => $"{variable.Key}={variable.Value}")];
        CgroupParent = CgroupParent.For(Path.GetFileName(_state.Path), settings);
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
              binDirs: [{(settings.Plugins is { } plugins ? plugins + ", " : "")}/opt/cni/bin, /usr/lib/cni]
              timeoutSeconds: {(int)(settings.PluginTimeout ?? 2 * Eventually.Patience).TotalSeconds}
            cdi:
              specDirs: [{CdiDirectory}]
            cgroupDriver: {settings.CgroupDriver}
            {(settings.Runtime is { } runtime ? $"runtimes: {{ default: {runtime} }}" : "")}
            checkpointRestore: {(settings.CheckpointRestore ? "enabled" : "disabled")}

            """ + settings.Configuration);
    }

    /// <summary>The file with its configuration, which it reads when it starts.</summary>
    public string Configuration => _configuration;

    /// <summary>The socket of its CRI.</summary>
    public string Socket => _state.Path + "/crisp.sock";

    /// <summary>Its process id, another one after each start.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>The directory of a pod's state, with its shim's socket and its containers' bundles.</summary>
    public string PodDirectory(string id) => $"{_state.Path}/pods/{id}";

    /// <summary>The parent cgroup that pods are to be given.</summary>
    public CgroupParent CgroupParent { get; }

    /// <summary>The first three numbers of its pods' /24.</summary>
    public string Subnet => _network.Subnet;

    /// <summary>Its root directory.</summary>
    public string Root => _directory.Path + "/root";

    /// <summary>Its state directory.</summary>
    public string State => _state.Path;

    /// <summary>The directory of its CNI configuration.</summary>
    public string CniDirectory => _directory.Path + "/cni";

    /// <summary>The directory of its CDI files.</summary>
    public string CdiDirectory => _directory.Path + "/cdi";

    /// <summary>What it logged, over all its starts.</summary>
    public string Log => _process?.Output ?? "";

    /// <summary>What it must not hold any more once all pods are removed.</summary>
    public LeakCheck Leaks => new()
    {
        Directories = [_directory.Path, _state.Path],
        Bridge = _network.Bridge,
        Leases = Leases,
        CgroupParent = CgroupParent.Path,
        EmptyDirectories = [_state.Path + "/pods", _directory.Path + "/root/containers"],
        ExpectedProcesses = _process is { } process ? new HashSet<int> { process.Id } : [],
    };

    private string Leases => _directory.Path + "/leases";

    /// <summary>Starts one that pulls from <paramref name="registryHost"/> over plain HTTP.</summary>
    public static async Task<CrispdFixture> StartAsync(string registryHost, NodeSettings? settings = null)
    {
        var crispd = new CrispdFixture(registryHost, settings ?? NodeSettings.FromEnvironment);
        await crispd.StartAsync();
        return crispd;
    }

    /// <summary>
    /// Starts it again after <see cref="KillAsync"/>, with these <c>NAME=value</c> in its environment; returns when the socket answers.
    /// </summary>
    public async Task StartAsync(params string[] variables)
    {
        Launch(variables);
        await _process!.UntilAsync(AcceptsAsync, "crispd accepts connections");
    }

    /// <summary>As <see cref="StartAsync(string[])"/>, for a start that may be the end of it: false when it died before the socket answered.</summary>
    public async Task<bool> TryStartAsync(params string[] variables)
    {
        Launch(variables);
        return await Eventually.GetAsync<bool?>(
            async () => await AcceptsAsync() ? true : _process!.HasExited ? false : null, outcome => outcome is not null, "crispd serves or has died") == true;
    }

    /// <summary>True when it ends by itself, for as long as anything is waited for.</summary>
    public Task<bool> DiesAsync() => _process!.EndsWithinAsync(Eventually.Patience);

    /// <summary>True while it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

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

    private void Launch(string[] variables) => _process = BackgroundProcess.Start(
        "/usr/bin/env", [.. _environment, .. variables, Artifacts.Binary("crispd"), "--config", _configuration], _directory.Path + "/crispd.log");

    // struct ucred begins with the pid (SO_PEERCRED, unix(7)): that of whoever listened.
    private static int PeerOf(Socket socket)
    {
        const int SolSocket = 1;
        const int PeerCredentials = 17;
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(SolSocket, PeerCredentials, credentials);
        return BitConverter.ToInt32(credentials);
    }

    private async Task<bool> AcceptsAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));

            // What a killed crispd was starting at that instant holds its socket open for a moment, and answers nothing.
            return PeerOf(socket) == _process!.Id;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
