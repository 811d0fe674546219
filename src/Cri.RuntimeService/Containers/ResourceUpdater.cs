using System.Text.Json;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// UpdateContainerResources, in these steps:
/// <list type="number">
/// <item>check the request, merged with the limits of now</item>
/// <item>a running container: the OCI runtime sets the cgroup; huge pages and OOM scores, which it does not update, are set here</item>
/// <item>write the runtime-spec, from which a created container will start, and the record</item>
/// </list>
/// A failure before the last step leaves the recorded limits as they were.
/// </summary>
/// <param name="host">What the host allows.</param>
public sealed class ResourceUpdater(HostFacts host)
{
    private const int MostLooks = 10;

    /// <summary>
    /// Applies the request; a zero or empty field changes nothing. Throws FAILED_PRECONDITION for a container that has exited
    /// and for what this host's cgroups cannot limit.
    /// </summary>
    public async Task UpdateAsync(
        Container container, V1.LinuxContainerResources change, IDictionary<string, string> annotations, CancellationToken cancellationToken)
    {
        using var turn = await container.EnterAsync("UpdateContainerResources", cancellationToken);

        // 1. Check.
        var merged = ResourceRequest.Merge(container.Record.EffectiveResources, change);
        ResourceRequest.Check(change, host, $"container {container.Id}");
        ResourceRequest.Check(merged, host, $"container {container.Id}");

        // 2. The running container.
        switch (container.State)
        {
            case V1.ContainerState.ContainerRunning:
                await ApplyAsync(container, change, merged, cancellationToken);
                break;
            case V1.ContainerState.ContainerCreated:
                break;
            case var state:
                throw CriError.Precondition($"update container {container.Id}: it is in state {ContainerView.StateName(state)}");
        }

        FaultPoint.Reach(FaultPoints.UpdateApplied);

        // 3. Spec and record.
        Write(container, merged, annotations);
        FaultPoint.Reach(FaultPoints.UpdateSpecWritten);
        container.Persist(record => record with { Resources = merged });
        FaultPoint.Reach(FaultPoints.UpdateRecorded);
    }

    private async Task ApplyAsync(
        Container container, V1.LinuxContainerResources change, V1.LinuxContainerResources merged, CancellationToken cancellationToken)
    {
        var cgroups = CgroupsOf(container);
        foreach (var limit in change.HugepageLimits)
        {
            RequireHugetlb(container, cgroups, limit);
        }

        await UpdateTaskAsync(container, ContainerResources.Build(merged, host), cancellationToken);
        foreach (var limit in change.HugepageLimits)
        {
            if (LimitFile(cgroups, limit) is { } file)
            {
                SmallFile.Set(file, $"{limit.Limit}");
            }
        }

        if (change.OomScoreAdj != 0)
        {
            SetOomScores(cgroups, host.AttainableOomScore((int)change.OomScoreAdj));
        }
    }

    // A process that was forked meanwhile has its parent's old score: again, until a look finds nobody new.
    private static void SetOomScores(ProcessCgroups cgroups, int score)
    {
        var done = new HashSet<int>();
        for (var look = 0; look < MostLooks; look++)
        {
            var fresh = cgroups.Pids().Where(done.Add).ToList();
            if (fresh.Count == 0)
            {
                return;
            }

            fresh.ForEach(pid => OomScore.TrySet(pid, score));
        }
    }

    private static ProcessCgroups CgroupsOf(Container container)
    {
        try
        {
            return ProcessCgroups.Of(container.Record.Pid);
        }
        catch (LinuxException gone) when (gone.Error is Errno.ENOENT or Errno.ESRCH)
        {
            throw JustEnded(container);
        }
    }

    private static RpcException JustEnded(Container container) => CriError.Precondition($"update container {container.Id}: its process has just ended");

    // The kubelet names every page size of the node, with zero where a container has none: that needs no controller.
    private void RequireHugetlb(Container container, ProcessCgroups cgroups, V1.HugepageLimit limit)
    {
        if (limit.Limit > 0 && LimitFile(cgroups, limit) is null)
        {
            throw CriError.Precondition(
                $"update container {container.Id}: hugepage_limits: its cgroup has no hugetlb controller for pages of {limit.PageSize}");
        }
    }

    private string? LimitFile(ProcessCgroups cgroups, V1.HugepageLimit limit) =>
        host.Hugetlb ? CgroupHugetlb.LimitFile(cgroups, limit.PageSize) : null;

    private static async Task UpdateTaskAsync(Container container, ResourcesSpec resources, CancellationToken cancellationToken)
    {
        // The OCI runtime does not update these two: the one is set directly, the other never changes.
        var updatable = resources with { HugepageLimits = null, Devices = null };
        var json = JsonSerializer.SerializeToUtf8Bytes(updatable, RuntimeJson.Default.ResourcesSpec);
        try
        {
            await container.Sandbox.RequireShim().Tasks.UpdateAsync(
                new UpdateTaskRequest { Id = container.Id, Resources = TypeUrl.PackJson(TypeUrl.Resources, json) }, cancellationToken);
        }
        catch (TtrpcException) when (container.HasEnded)
        {
            throw JustEnded(container);
        }
        catch (TtrpcException error)
        {
            throw new RpcException(new Status(TtrpcStatus.ToGrpc(error), $"update container {container.Id}: {error.Message}"));
        }
    }

    private void Write(Container container, V1.LinuxContainerResources merged, IDictionary<string, string> annotations)
    {
        var spec = RecordFile.Read(container.Files.Config, RuntimeJson.Default.RuntimeSpec)
            ?? throw CriError.Precondition($"update container {container.Id}: its config.json is gone");
        var limits = ContainerResources.Build(merged, host) with { Devices = spec.Linux?.Resources?.Devices };
        var notes = new Dictionary<string, string>(spec.Annotations ?? new Dictionary<string, string>());
        foreach (var (name, value) in annotations)
        {
            notes[name] = value;
        }

        var next = spec with
        {
            Annotations = notes,
            Linux = (spec.Linux ?? new LinuxSpec()) with { Resources = limits },
            Process = spec.Process is null || merged.OomScoreAdj == 0
                ? spec.Process
                : spec.Process with { OomScoreAdj = host.AttainableOomScore((int)merged.OomScoreAdj) },
        };
        RecordFile.Write(container.Files.Config, next, RuntimeJson.Default.RuntimeSpec);
    }
}
