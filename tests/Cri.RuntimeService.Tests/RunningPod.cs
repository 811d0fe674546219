using Cri.Linux;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.SandboxApi;
using Xunit;

namespace Cri.RuntimeService.Tests;

/// <summary>A pod with a real shim and a network namespace of its own, but no CNI. Ends with everything in it.</summary>
internal sealed class RunningPod : IAsyncDisposable
{
    private readonly string _state;
    private readonly ShimLauncher _launcher;

    private RunningPod(string state, ShimLauncher launcher, Sandbox sandbox) => (_state, _launcher, Sandbox) = (state, launcher, sandbox);

    internal Sandbox Sandbox { get; private set; }

    internal string RuntimeRoot => Path.Combine(_state, "oci");

    internal static async Task<RunningPod> StartAsync(V1.PodSandboxConfig? config = null)
    {
        var id = Guid.NewGuid().ToString("n");
        var state = Directory.CreateDirectory($"/run/crisp-runtime-test-{id[..12]}").FullName;
        var files = new StateLayout(state).Pod(id);
        Directory.CreateDirectory(files.Directory);
        var binary = Environment.GetEnvironmentVariable("CRISP_SHIM") ?? Path.Combine(AppContext.BaseDirectory, "crisp-shim");
        var launcher = new ShimLauncher(binary, TimeSpan.FromMinutes(2));
        var sandbox = new Sandbox(Record(id, config ?? new V1.PodSandboxConfig()), files)
        {
            Shim = await launcher.StartAsync(id, files, CancellationToken.None),
        };
        await sandbox.Shim.Sandbox.CreateSandboxAsync(new CreateSandboxRequest
        {
            SandboxId = id,
            BundlePath = files.Directory,
            Options = TypeUrl.Pack(TypeUrl.SandboxOptions, new SandboxOptions { Namespaces = { "net" } }),
        });
        return new RunningPod(state, launcher, sandbox);
    }

    /// <summary>Drops the connection to the shim and makes a new one, as a server does that starts again.</summary>
    internal async Task ReconnectAsync()
    {
        var old = Sandbox.Shim!;
        old.Dispose();
        Sandbox = new Sandbox(Sandbox.Record, Sandbox.Files)
        {
            Shim = await _launcher.ReconnectAsync(Sandbox.Id, old.Pid, Sandbox.Files, CancellationToken.None),
        };
    }

    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var shim = Sandbox.Shim!;
        await shim.Sandbox.StopSandboxAsync(new StopSandboxRequest { SandboxId = Sandbox.Id }, bound.Token);
        await shim.Sandbox.ShutdownSandboxAsync(new ShutdownSandboxRequest { SandboxId = Sandbox.Id }, bound.Token);
        Assert.True(await shim.WaitForExitAsync(bound.Token));
        shim.Dispose();
        Assert.Empty(MountTable.Below(_state).Select(entry => entry.Target));
        Directory.Delete(_state, recursive: true);
    }

    private static SandboxRecord Record(string id, V1.PodSandboxConfig config) =>
        new() { Id = id, CreatedAt = 1, Phase = SandboxPhase.Ready, Config = config };
}
