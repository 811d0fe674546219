using System.Text.Json;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// The init of a pod whose containers share a PID namespace: a static program of a few hundred bytes, run by the OCI runtime
/// in a root file system that holds nothing else, so that its /proc/1/root shows a container nothing of the host.
/// </summary>
/// <param name="runtimes">The OCI runtimes.</param>
/// <param name="state">The state directory.</param>
/// <param name="cgroups">Who makes cgroups.</param>
/// <param name="ledger">Where the init's cgroup is written down.</param>
/// <param name="root">The directory that serves as the root file system of every pod's init.</param>
public sealed class PodInit(OciRuntimes runtimes, StateLayout state, CgroupDriver cgroups, CgroupLedger ledger, string root)
{
    private const string Name = "init";
    private const uint Nobody = 65535;
    private static readonly TimeSpan _stopBound = TimeSpan.FromSeconds(30);

    /// <summary>The id under which the shim and the OCI runtime know a pod's init.</summary>
    public static string IdOf(string sandboxId) => $"{sandboxId}-{Name}";

    /// <summary>The pod of an init's id; any other id as it is.</summary>
    public static string OwnerOf(string id) => id.EndsWith("-" + Name, StringComparison.Ordinal) ? id[..^(Name.Length + 1)] : id;

    /// <summary>Removes what a crash left half-written. Call it before any pod is started.</summary>
    public void Sweep()
    {
        if (Directory.Exists(root))
        {
            Directory.EnumerateFiles(root, AtomicFile.TemporaryPrefix + "*").ToList().ForEach(File.Delete);
        }
    }

    /// <summary>Starts the init and answers its pid.</summary>
    public async Task<int> StartAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        var shim = sandbox.Shim!;
        var id = IdOf(sandbox.Id);
        var runtime = runtimes.Require(sandbox.Record.RuntimeHandler);
        var bundle = Path.Combine(sandbox.Files.Directory, Name);
        WriteBundle(sandbox, id, bundle);
        ledger.Enter(id, sandbox.Record.Config.Linux?.CgroupParent ?? "");
        var creation = shim.Tasks.CreateAsync(
            new CreateTaskRequest { Id = id, Bundle = bundle, Options = RuntimeOptions.For(runtime, state, cgroups) }, cancellationToken);
        FaultPoint.Reach(FaultPoints.RunPodInitAsked);
        var created = await creation;
        FaultPoint.Reach(FaultPoints.RunPodInitCreated);
        await shim.Tasks.StartAsync(new StartRequest { Id = id }, cancellationToken);
        return (int)created.Pid;
    }

    /// <summary>Ends the init and has the OCI runtime forget it; nothing happens when the pod has none or its shim is gone.</summary>
    public static async Task StopAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (!SandboxNamespaces.SharedPid(sandbox.Record.Config) || sandbox.Shim is not { IsAlive: true } shim)
        {
            return;
        }

        var id = IdOf(sandbox.Id);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_stopBound);
        try
        {
            await UnlessGoneAsync(shim.Tasks.KillAsync(new KillRequest { Id = id, Signal = Signals.SigKill, All = true }, bound.Token));
            FaultPoint.Reach(FaultPoints.StopPodInitKilled);
            await UnlessGoneAsync(shim.Tasks.WaitAsync(new WaitRequest { Id = id }, bound.Token));
            await UnlessGoneAsync(shim.Tasks.DeleteAsync(new DeleteRequest { Id = id }, bound.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded, $"pod sandbox {sandbox.Id}: its init did not end within {_stopBound.TotalSeconds:0} s: {Waiting(sandbox)}"));
        }
    }

    // It was never created, has been killed before, or an earlier stop got even further.
    private static async Task UnlessGoneAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (TtrpcException gone) when (gone.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.Unavailable)
        {
        }
    }

    private static string Waiting(Sandbox sandbox) =>
        string.Join("; ", StuckProcess.Among(new[] { sandbox.Record.InitPid, sandbox.Record.ShimPid }.Where(pid => pid > 0)));

    private void WriteBundle(Sandbox sandbox, string id, string bundle)
    {
        WriteRoot();
        Directory.CreateDirectory(bundle);
        var spec = new RuntimeSpec
        {
            Process = new ProcessSpec { Args = ["/" + Name], User = Unprivileged(sandbox), NoNewPrivileges = true },
            Root = new RootSpec(root, Readonly: true),

            // runc itself needs proc, and makes devices, which in a user namespace it could not do in a directory of the host's.
            Mounts =
            [
                new MountSpec("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
                new MountSpec("/dev", "tmpfs", "tmpfs", ["nosuid", "noexec", "mode=755", "size=64k"]),
            ],
            Linux = new LinuxSpec
            {
                Namespaces = [new("mount"), new("pid"), .. Pinned(sandbox)],
                UidMappings = IdRanges.Users(sandbox.Record.Config),
                GidMappings = IdRanges.Groups(sandbox.Record.Config),
                CgroupsPath = cgroups.PathOf(sandbox.Record.Config.Linux?.CgroupParent ?? "", id),
                Resources = new ResourcesSpec { Devices = [new DeviceRuleSpec(false, null, null, null, "rwm")] },
            },
        };
        SmallFile.Write(Path.Combine(bundle, "config.json"), JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeJson.Default.RuntimeSpec), SmallFile.OwnerOnly);
    }

    private static UserSpec Unprivileged(Sandbox sandbox)
    {
        var isMapped = PodUserNamespace.Of(sandbox.Record.Config) is not { } ids
            || (ids.Users.ToHost(Nobody) is not null && ids.Groups.ToHost(Nobody) is not null);
        return isMapped ? new UserSpec { Uid = Nobody, Gid = Nobody } : new UserSpec();
    }

    // Shared by all pods and never written to by them. It lies under the root directory because /run is mounted noexec on
    // many hosts.
    private void WriteRoot()
    {
        const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        var program = Path.Combine(root, Name);
        var bytes = PodInitBinary.ForThisMachine();
        Directory.CreateDirectory(Path.Combine(root, "proc"));
        Directory.CreateDirectory(Path.Combine(root, "dev"));
        if (!File.Exists(program) || new FileInfo(program).Length != bytes.Length)
        {
            AtomicFile.WriteVolatile(program, bytes, Executable);
        }
    }

    private static IEnumerable<NamespaceSpec> Pinned(Sandbox sandbox)
    {
        if (PodUserNamespace.Of(sandbox.Record.Config) is not null)
        {
            yield return new NamespaceSpec("user", sandbox.Files.Namespace("user"));
        }

        if (!SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            yield return new NamespaceSpec("network", sandbox.Files.Namespace("net"));
            yield return new NamespaceSpec("uts", sandbox.Files.Namespace("uts"));
        }

        if (!SandboxNamespaces.HostIpc(sandbox.Record.Config))
        {
            yield return new NamespaceSpec("ipc", sandbox.Files.Namespace("ipc"));
        }
    }
}
