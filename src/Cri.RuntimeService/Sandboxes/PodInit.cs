using System.Text.Json;
using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// The init of a pod whose containers share a PID namespace: a static program of a few hundred bytes, run by the OCI runtime
/// in a root file system that holds nothing else, so that its /proc/1/root shows a container nothing of the host.
/// </summary>
/// <param name="runtimes">The OCI runtimes.</param>
/// <param name="state">The state directory.</param>
/// <param name="cgroups">Who makes cgroups.</param>
/// <param name="root">The directory that serves as the root file system of every pod's init.</param>
public sealed class PodInit(OciRuntimes runtimes, StateLayout state, CgroupDriver cgroups, string root)
{
    private const string Name = "init";

    /// <summary>The id under which the shim and the OCI runtime know a pod's init.</summary>
    public static string IdOf(string sandboxId) => $"{sandboxId}-{Name}";

    /// <summary>Starts the init and answers its pid.</summary>
    public async Task<int> StartAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        var shim = sandbox.Shim!;
        var id = IdOf(sandbox.Id);
        var runtime = runtimes.Require(sandbox.Record.RuntimeHandler);
        var bundle = Path.Combine(sandbox.Files.Directory, Name);
        WriteBundle(sandbox, id, bundle);
        var created = await shim.Tasks.CreateAsync(
            new CreateTaskRequest { Id = id, Bundle = bundle, Options = RuntimeOptions.For(runtime, state, cgroups) }, cancellationToken);
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
        try
        {
            await shim.Tasks.KillAsync(new KillRequest { Id = id, Signal = Signals.SigKill, All = true }, cancellationToken);
            await shim.Tasks.WaitAsync(new WaitRequest { Id = id }, cancellationToken);
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = id }, cancellationToken);
        }
        catch (TtrpcException gone) when (gone.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.Unavailable)
        {
            // It was never created, or an earlier stop got this far.
        }
    }

    private void WriteBundle(Sandbox sandbox, string id, string bundle)
    {
        WriteRoot();
        Directory.CreateDirectory(bundle);
        var spec = new RuntimeSpec
        {
            Process = new ProcessSpec { Args = ["/" + Name], User = new UserSpec { Uid = 65535, Gid = 65535 }, NoNewPrivileges = true },
            Root = new RootSpec(root, Readonly: true),
            Mounts = [new MountSpec("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"])], // runc itself needs it
            Linux = new LinuxSpec
            {
                Namespaces = [new("mount"), new("pid"), .. Pinned(sandbox)],
                CgroupsPath = cgroups.PathOf(sandbox.Record.Config.Linux?.CgroupParent ?? "", id),
                Resources = new ResourcesSpec { Devices = [new DeviceRuleSpec(false, null, null, null, "rwm")] },
            },
        };
        File.WriteAllBytes(Path.Combine(bundle, "config.json"), JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeJson.Default.RuntimeSpec));
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
        if (!File.Exists(program) || new FileInfo(program).Length != bytes.Length)
        {
            AtomicFile.WriteVolatile(program, bytes, Executable);
        }
    }

    private static IEnumerable<NamespaceSpec> Pinned(Sandbox sandbox)
    {
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
