using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Selinux;
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
/// <item>mount the image layers for the pod's user namespace, if it has one</item>
/// <item>CNI ADD</item>
/// <item>start the init that holds a shared PID namespace, if the pod has one</item>
/// <item>publish</item>
/// </list>
/// </summary>
public sealed class SandboxRunner(
    StateLayout state,
    ObjectIndex<Sandbox> sandboxes,
    NameRegistry names,
    OperationsUnderWay underWay,
    ShimLauncher shims,
    CniNetwork network,
    OciRuntimes runtimes,
    PodInit podInit,
    PodLayers podLayers,
    HandlerFeatures features,
    CgroupDriver cgroups,
    ContainerEvents events,
    ShimWatch shimWatch,
    OrphanedTasks orphans,
    SelinuxLabeler selinux,
    Journal journal)
{
    // Each starts processes, and goes on when its caller gives up.
    private const int MaxPods = 256;
    private readonly Admission _making = new("pod sandboxes being made", MaxPods);

    /// <summary>Runs the sandbox and answers its id.</summary>
    public Task<string> RunAsync(V1.RunPodSandboxRequest request, CancellationToken cancellationToken)
    {
        SandboxValidation.Check(request.Config, cgroups);
        features.Check(request.Config, runtimes.Require(request.RuntimeHandler));
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
        using var mark = underWay.Begin(id);
        Spans.About(id);
        using var place = _making.Enter($"pod sandbox \"{request.Config.Metadata.Name}\"");
        var rollback = new Rollback((what, error) => journal.Warn($"pod sandbox {id}: undoing {what}: {error.Message}"));
        try
        {
            // 2. Record the intent.
            var sandbox = Record(id, request, rollback);

            // 3. Shim, namespaces and files.
            await StartShimAsync(sandbox, rollback);

            FaultPoint.Reach(FaultPoints.RunPodNamespacesMade);

            // 4. Layers.
            rollback.Push("layers", () => PodLayers.Unmount(sandbox.Files));
            using (Spans.Begin("layers"))
            {
                if (podLayers.Mount(sandbox))
                {
                    sandbox.Update(record => record with { HasMappedLayers = true });
                }
            }

            FaultPoint.Reach(FaultPoints.RunPodLayersMounted);

            // 5. Network.
            await AttachNetworkAsync(sandbox, rollback);

            FaultPoint.Reach(FaultPoints.RunPodNetworkRecorded);

            // 6. Shared PID namespace.
            if (SandboxNamespaces.SharedPid(request.Config))
            {
                using var span = Spans.Begin("shared PID namespace");
                rollback.Push("shared PID namespace", token => PodInit.StopAsync(sandbox, token));
                var pid = await podInit.StartAsync(sandbox, CancellationToken.None);
                FaultPoint.Reach(FaultPoints.RunPodInitStarted);
                sandbox.Update(record => record with { InitPid = pid });
            }

            // 7. Publish.
            using var first = await sandbox.Gate.EnterAsync("RunPodSandbox", CancellationToken.None);
            sandbox.Update(record => record with { Phase = SandboxPhase.Ready });
            FaultPoint.Reach(FaultPoints.RunPodReady);
            sandboxes.Add(id, sandbox);
            rollback.Commit();
            events.Started(sandbox);
            shimWatch.Watch(sandbox);
            FaultPoint.Reach(FaultPoints.RunPodPublished);
        }
        catch
        {
            await rollback.UndoAsync();
            throw;
        }
    }

    private Sandbox Record(string id, V1.RunPodSandboxRequest request, Rollback rollback)
    {
        using var span = Spans.Begin("record");
        var labels = selinux.Acquire(request.Config.Linux?.SecurityContext?.SelinuxOptions);
        rollback.Push("SELinux level", () => selinux.Release(labels));
        var files = state.Pod(id);
        rollback.Push("directory", () => PodDirectory.Delete(files));
        PodDirectory.Create(files, request.Config);
        FaultPoint.Reach(FaultPoints.RunPodDirectoryMade);
        var sandbox = new Sandbox(
            new SandboxRecord
            {
                Id = id,
                CreatedAt = Clock.After(Earlier(request.Config.Metadata)),
                RuntimeHandler = request.RuntimeHandler,
                Config = request.Config,
                Labels = labels.Mount is null ? null : labels,
            },
            files);
        sandbox.Update(record => record);
        FaultPoint.Reach(FaultPoints.RunPodRecorded);
        return sandbox;
    }

    private IEnumerable<long> Earlier(V1.PodSandboxMetadata pod) =>
        from other in sandboxes.All where other.Record.Config.Metadata.Uid == pod.Uid select other.Record.CreatedAt;

    private async Task StartShimAsync(Sandbox sandbox, Rollback rollback)
    {
        rollback.Push("shim", token => EndShimAsync(sandbox, token));
        using var started = Spans.Begin("shim");
        var shim = await shims.StartAsync(sandbox.Id, sandbox.Files, CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RunPodShimStarted);
        sandbox.Shim = shim;
        sandbox.Update(record => record with { ShimPid = shim.Pid });
        FaultPoint.Reach(FaultPoints.RunPodShimRecorded);
        started?.Stop();

        using var span = Spans.Begin("namespaces");
        var namespaces = shim.Sandbox.CreateSandboxAsync(
            new CreateSandboxRequest
            {
                SandboxId = sandbox.Id,
                BundlePath = sandbox.Files.Directory,
                Options = TypeUrl.Pack(TypeUrl.SandboxOptions, Options(sandbox.Record.Config)),
            },
            CancellationToken.None);
        rollback.Push("shared memory", () => PodFiles.UnmountShm(sandbox.Files));
        using (Spans.Begin("files"))
        {
            PodFiles.Write(sandbox.Record.Config, sandbox.Files, sandbox.Labels);
        }

        FaultPoint.Reach(FaultPoints.RunPodFilesWritten);
        await namespaces;
        await shim.Sandbox.StartSandboxAsync(new StartSandboxRequest { SandboxId = sandbox.Id }, CancellationToken.None);
    }

    private async Task EndShimAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (!await ShimShutdown.RunAsync(sandbox, cancellationToken))
        {
            await orphans.CleanAsync(sandbox, []);
        }
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

        if (PodUserNamespace.Of(config) is { } ids)
        {
            options.Users = Range(ids.Users);
            options.Groups = Range(ids.Groups);
        }

        if (config.Linux is { } linux)
        {
            options.Sysctls.Add(linux.Sysctls);
        }

        return options;
    }

    private static IdMapping Range(Linux.IdMapping range) =>
        new() { ContainerId = range.ContainerId, HostId = range.HostId, Length = range.Length };

    private async Task AttachNetworkAsync(Sandbox sandbox, Rollback rollback)
    {
        if (SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            return;
        }

        using var span = Spans.Begin("network");
        var pod = PodNetworks.Of(sandbox);
        rollback.Push("network", token => network.DeleteAsync(pod, token));
        var attachment = await network.AddAsync(pod, CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RunPodNetworkAttached);
        sandbox.Update(record => record with { Ips = [.. attachment.Ips.Select(ip => ip.Address.ToString())] });
    }
}
