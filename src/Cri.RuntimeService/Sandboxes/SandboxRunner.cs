using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.SandboxApi;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// RunPodSandbox, in these steps, each of which pushes its undo:
/// <list type="number">
/// <item>reserve the name; a second identical request joins the first</item>
/// <item>record the intent before any resource exists</item>
/// <item>start the shim, which makes and pins the namespaces; meanwhile write resolv.conf, hosts, hostname and mount shm</item>
/// <item>CNI ADD</item>
/// <item>start the init that holds a shared PID namespace, if the pod has one</item>
/// <item>publish</item>
/// </list>
/// </summary>
public sealed class SandboxRunner(
    StateLayout state,
    ObjectIndex<Sandbox> sandboxes,
    NameRegistry names,
    ShimLauncher shims,
    CniNetwork network,
    OciRuntimes runtimes,
    PodInit podInit,
    CgroupDriver cgroups,
    Journal journal)
{
    /// <summary>Runs the sandbox and answers its id.</summary>
    public Task<string> RunAsync(V1.RunPodSandboxRequest request, CancellationToken cancellationToken)
    {
        SandboxValidation.Check(request.Config, cgroups);
        runtimes.Require(request.RuntimeHandler);
        var id = ObjectId.New();

        // 1. Reserve the name.
        return names.RunOnceAsync(
            SandboxRecord.Name(request.Config.Metadata),
            request,
            () => sandboxes.Find(id) is { IsReady: true },
            id,
            () => CreateAsync(id, request),
            cancellationToken);
    }

    private async Task CreateAsync(string id, V1.RunPodSandboxRequest request)
    {
        var rollback = new Rollback((what, error) => journal.Warn($"pod sandbox {id}: undoing {what}: {error.Message}"));
        try
        {
            // 2. Record the intent.
            var sandbox = Record(id, request, rollback);

            // 3. Shim, namespaces and files.
            await StartShimAsync(sandbox, rollback);

            // 4. Network.
            await AttachNetworkAsync(sandbox, rollback);

            // 5. Shared PID namespace.
            if (SandboxNamespaces.SharedPid(request.Config))
            {
                rollback.Push("shared PID namespace", token => PodInit.StopAsync(sandbox, token));
                var pid = await podInit.StartAsync(sandbox, CancellationToken.None);
                sandbox.Update(record => record with { InitPid = pid });
            }

            // 6. Publish.
            sandbox.Update(record => record with { Phase = SandboxPhase.Ready });
            sandboxes.Add(id, sandbox);
            rollback.Commit();
        }
        catch
        {
            await rollback.UndoAsync();
            throw;
        }
    }

    private Sandbox Record(string id, V1.RunPodSandboxRequest request, Rollback rollback)
    {
        var files = state.Pod(id);
        rollback.Push("directory", () => PodDirectory.Delete(files));
        PodDirectory.Create(files, request.Config.LogDirectory);
        var sandbox = new Sandbox(
            new SandboxRecord { Id = id, CreatedAt = Clock.Now, RuntimeHandler = request.RuntimeHandler, Config = request.Config }, files);
        sandbox.Update(record => record);
        return sandbox;
    }

    private async Task StartShimAsync(Sandbox sandbox, Rollback rollback)
    {
        var shim = await shims.StartAsync(sandbox.Id, sandbox.Files, CancellationToken.None);
        sandbox.Shim = shim;
        rollback.Push("shim", token => ShimShutdown.RunAsync(sandbox, token));
        sandbox.Update(record => record with { ShimPid = shim.Pid });

        var namespaces = shim.Sandbox.CreateSandboxAsync(
            new CreateSandboxRequest
            {
                SandboxId = sandbox.Id,
                BundlePath = sandbox.Files.Directory,
                Options = TypeUrl.Pack(TypeUrl.SandboxOptions, Options(sandbox.Record.Config)),
            },
            CancellationToken.None);
        rollback.Push("shared memory", () => PodFiles.UnmountShm(sandbox.Files));
        PodFiles.Write(sandbox.Record.Config, sandbox.Files);
        await namespaces;
        await shim.Sandbox.StartSandboxAsync(new StartSandboxRequest { SandboxId = sandbox.Id }, CancellationToken.None);
    }

    private static SandboxOptions Options(V1.PodSandboxConfig config)
    {
        var options = new SandboxOptions();
        if (!SandboxNamespaces.HostNetwork(config))
        {
            options.Namespaces.Add("net");
            options.Namespaces.Add("uts");
            options.Hostname = config.Hostname;
        }

        if (!SandboxNamespaces.HostIpc(config))
        {
            options.Namespaces.Add("ipc");
        }

        if (config.Linux is { } linux)
        {
            options.Sysctls.Add(linux.Sysctls);
        }

        return options;
    }

    private async Task AttachNetworkAsync(Sandbox sandbox, Rollback rollback)
    {
        if (SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            return;
        }

        var pod = PodNetworks.Of(sandbox);
        rollback.Push("network", token => network.DeleteAsync(pod, token));
        var attachment = await network.AddAsync(pod, CancellationToken.None);
        sandbox.Update(record => record with { Ips = [.. attachment.Ips.Select(ip => ip.Address.ToString())] });
    }
}
