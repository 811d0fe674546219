using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.SandboxApi;

namespace Cri.Shim.Tests;

/// <summary>
/// A really running shim in a pod directory of its own, started as the server starts it. CRISP_SHIM names a published
/// binary to test instead of the one built beside the tests.
/// </summary>
internal sealed class ShimProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Fd _pidfd;
    private readonly List<TtrpcClient> _clients = [];
    private bool _isReaped;

    private ShimProcess(string id, string directory, int pid)
    {
        (Id, Directory, Pid) = (id, directory, pid);
        _pidfd = PidFd.Open(pid);
    }

    public string Id { get; }

    public string Directory { get; }

    public int Pid { get; }

    public TaskClient Tasks { get; private set; } = null!;

    public SandboxClient Sandbox { get; private set; } = null!;

    public PodShimClient Shim { get; private set; } = null!;

    /// <summary>Prefix of the cgroups that containers of this shim use.</summary>
    public string CgroupPrefix => $"crisp-test-{Id}";

    public static async Task<ShimProcess> StartAsync()
    {
        var id = Guid.NewGuid().ToString("n")[..12];
        var directory = System.IO.Directory.CreateDirectory(Path.Combine("/run", $"crisp-shim-test-{id}")).FullName;
        var binary = Environment.GetEnvironmentVariable("CRISP_SHIM") ?? Path.Combine(AppContext.BaseDirectory, "crisp-shim");
        using var listener = UnixSocket.Listen(Path.Combine(directory, "shim.sock"));
        using var log = AppendFile.Open(Path.Combine(directory, "shim.log"), 0x1a4);
        var pid = ChildProcess.Start(new ChildProcessOptions
        {
            Path = binary,
            Arguments = [binary, "serve", "--id", id, "--bundle", directory],
            Descriptors = new Dictionary<int, int> { [1] = log.Number, [2] = log.Number, [3] = listener.Number },
            WorkingDirectory = directory,
            NewSession = true,
        });
        var shim = new ShimProcess(id, directory, pid);
        var client = await shim.ConnectAsync();
        (shim.Tasks, shim.Sandbox, shim.Shim) = (new TaskClient(client), new SandboxClient(client), new PodShimClient(client));
        return shim;
    }

    /// <summary>One more connection.</summary>
    public async Task<TtrpcClient> ConnectAsync()
    {
        var client = await TtrpcClient.ConnectAsync(Path.Combine(Directory, "shim.sock"));
        _clients.Add(client);
        return client;
    }

    /// <summary>Waits for the shim to end.</summary>
    public async Task<ChildExit> WaitForEndAsync()
    {
        for (var until = DateTime.UtcNow + _patience; DateTime.UtcNow < until; await Task.Delay(20))
        {
            if (PidFd.TryReap(_pidfd) is { } exit)
            {
                _isReaped = true;
                return exit;
            }
        }

        throw new TimeoutException($"shim {Pid} did not end; its log: {Log()}");
    }

    /// <summary>The ids of all containers that tests made here.</summary>
    public List<string> Containers { get; } = [];

    public string Log() => File.ReadAllText(Path.Combine(Directory, "shim.log"));

    /// <summary>Ends the shim and fails when anything of it is left.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_isReaped)
            {
                await EndAsync();
            }

            Assert.Empty(MountTable.Below(Directory).Select(entry => entry.Target));
            Assert.Empty(Cgroups());
        }
        finally
        {
            foreach (var client in _clients)
            {
                await client.DisposeAsync();
            }

            _pidfd.Dispose();

            // A failed test may leave mounts, and deleting through those would delete what is mounted.
            foreach (var entry in MountTable.Below(Directory).Reverse())
            {
                Mount.Unmount(entry.Target);
            }

            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private async Task EndAsync()
    {
        try
        {
            var sandbox = new SandboxClient(await ConnectAsync());
            await sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = Id }).WaitAsync(_patience);
            foreach (var id in Containers)
            {
                await DeleteLeftoverAsync(id);
            }

            await sandbox.ShutdownSandboxAsync(new ShutdownSandboxRequest { SandboxId = Id }).WaitAsync(_patience);
            Assert.Equal(0, (await WaitForEndAsync()).Code);
        }
        catch (Exception) when (!_isReaped)
        {
            PidFd.Signal(_pidfd, Signals.SigKill);
            PidFd.Reap(_pidfd);
            throw;
        }
    }

    // A test that failed half-way left its container, which is not what the checks after it are about.
    private async Task DeleteLeftoverAsync(string id)
    {
        try
        {
            await Tasks.DeleteAsync(new Cri.Ttrpc.TaskApi.V3.DeleteRequest { Id = id }).WaitAsync(_patience);
        }
        catch (TtrpcException e) when (e.Code == TtrpcStatusCode.NotFound)
        {
        }
    }

    private IEnumerable<string> Cgroups() => MountTable.Read()
        .Where(entry => entry.Type is "cgroup" or "cgroup2")
        .SelectMany(entry => System.IO.Directory.EnumerateDirectories(entry.Target, CgroupPrefix + "*"));
}
