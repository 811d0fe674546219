using System.Text.Json;
using Cri.Linux.Faults;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// Attaches pods to the network that is configured on this host: the first valid one in the configuration directory, which is watched for
/// as long as this object lives. Pods are served in parallel, one operation at a time for each. Every attachment is recorded before
/// its first plugin runs, so that it can be undone after a change of the configuration, a crash or a restart.
/// </summary>
/// <example>
/// <code>
/// using var network = new CniNetwork(new CniOptions { CacheDir = "/var/lib/crisp/cni" });
/// var attachment = await network.AddAsync(pod, token);   // attachment.Ips[0].Address
/// await network.DeleteAsync(pod, token);
/// </code>
/// </example>
public sealed class CniNetwork : IDisposable
{
    private readonly ConfigurationWatch _watch;
    private readonly PluginChain _chain;
    private readonly AttachmentCache _cache;
    private readonly AttachmentLeftovers _leftovers;
    private readonly SandboxTurns _turns = new();
    private readonly Action<string> _report;

    /// <summary>Reads the configuration and begins to watch it.</summary>
    public CniNetwork(CniOptions options)
    {
        _watch = new ConfigurationWatch(options.ConfDir);
        _chain = new PluginChain(new PluginInvoker(options));
        _cache = new AttachmentCache(options.CacheDir);
        _cache.Sweep();
        _leftovers = new AttachmentLeftovers(options);
        _report = options.Report;
    }

    /// <summary>Whether pods can be attached now. Never waits.</summary>
    public NetworkStatus Status
    {
        get
        {
            var snapshot = _watch.Snapshot;
            var problems = string.Join("; ", snapshot.Problems.Select(problem => $"{problem.File}: {problem.Problem}"));
            return snapshot.Network is { } network
                ? new NetworkStatus(true, "", problems, network.Name, snapshot.File, snapshot.Problems)
                : new NetworkStatus(false, "NetworkPluginNotReady", Absence(snapshot, problems), null, null, snapshot.Problems);
        }
    }

    /// <summary>
    /// Attaches a pod (ADD). When it fails or is cancelled, what was done is undone (DEL) first; what cannot be undone stays recorded for
    /// <see cref="DeleteAsync"/> and <see cref="DetachAsync"/>.
    /// </summary>
    /// <exception cref="CniException">There is no network, the pod is attached already, or a plugin failed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<CniAttachment> AddAsync(PodNetwork pod, CancellationToken cancellationToken)
    {
        CniNames.Check(pod);
        var network = _watch.Snapshot.Network ?? throw new CniException(CniFailure.NotReady, Status.Message);
        var attachment = Attachment.Of(pod, network);
        using var turn = await _turns.TakeAsync(pod.SandboxId, cancellationToken);
        if (_cache.Of(pod.SandboxId, pod.InterfaceName).Count > 0)
        {
            throw new CniException(
                CniFailure.InvalidRequest,
                $"sandbox {pod.SandboxId} is attached as {pod.InterfaceName} already, or an earlier attempt is not undone yet");
        }

        _cache.Put(attachment);
        FaultPoint.Reach(FaultPoints.CniAddRecorded);
        try
        {
            return await CompleteAsync(attachment, await _chain.AddAsync(attachment, cancellationToken));
        }
        catch (UndoFailedException e)
        {
            throw e.ToCaller();
        }
        catch
        {
            await _leftovers.RemoveRulesAsync(attachment);
            _cache.Remove(attachment);
            throw;
        }
    }

    /// <summary>
    /// Detaches a pod (DEL), with the configuration and the result of its ADD. Idempotent: a pod that is not attached is no error, nor is a
    /// namespace that is gone. Of the pod only the sandbox id and the interface name count.
    /// </summary>
    /// <exception cref="CniException">A plugin failed; the attachment stays recorded, so that it can be tried again.</exception>
    public async Task DeleteAsync(PodNetwork pod, CancellationToken cancellationToken)
    {
        CniNames.Check(pod);
        using var turn = await _turns.TakeAsync(pod.SandboxId, cancellationToken);
        foreach (var attachment in _cache.Of(pod.SandboxId, pod.InterfaceName))
        {
            await ReleaseAsync(attachment, cancellationToken);
        }
    }

    /// <summary>
    /// Asks the plugins whether a pod is still attached as it was (CHECK). Networks of versions before 0.4.0
    /// cannot say, and are not asked.
    /// </summary>
    /// <exception cref="CniException">A plugin finds a difference, or the pod is not attached.</exception>
    public async Task CheckAsync(PodNetwork pod, CancellationToken cancellationToken)
    {
        CniNames.Check(pod);
        using var turn = await _turns.TakeAsync(pod.SandboxId, cancellationToken);
        var attachment = _cache.Of(pod.SandboxId, pod.InterfaceName).FirstOrDefault(a => a.Result is not null)
            ?? throw new CniException(CniFailure.InvalidRequest, $"sandbox {pod.SandboxId} is not attached as {pod.InterfaceName}");
        if (attachment.Network is { TakesResultOnDelete: true, DisableCheck: false })
        {
            await _chain.CheckAsync(attachment, cancellationToken);
        }
    }

    /// <summary>What the ADD of a pod answered, as it was recorded; null when it is not attached.</summary>
    public CniAttachment? Find(string sandboxId, string interfaceName = "eth0")
    {
        var attachment = _cache.Of(sandboxId, interfaceName).FirstOrDefault(a => a.Result is not null);
        return attachment is null ? null : AttachmentResult.Read(attachment.Result!.Value, attachment.Network.Name, interfaceName);
    }

    /// <summary>Every attachment that is recorded, complete or not.</summary>
    public IReadOnlyList<RecordedAttachment> Recorded() => [.. _cache.All().Select(attachment => new RecordedAttachment(
        attachment.SandboxId, attachment.InterfaceName, attachment.Network.Name, _cache.PathOf(attachment)))];

    /// <summary>Detaches one of <see cref="Recorded"/> (DEL), as <see cref="DeleteAsync"/> does.</summary>
    /// <exception cref="CniException">A plugin failed; the attachment stays recorded, so that it can be tried again.</exception>
    public async Task DetachAsync(RecordedAttachment recorded, CancellationToken cancellationToken)
    {
        using var turn = await _turns.TakeAsync(recorded.SandboxId, cancellationToken);
        foreach (var attachment in _cache.Of(recorded.SandboxId, recorded.InterfaceName).Where(a => a.Network.Name == recorded.NetworkName))
        {
            await ReleaseAsync(attachment, cancellationToken);
            FaultPoint.Reach(FaultPoints.RecoverNetworkSwept);
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _watch.Dispose();

    private async Task ReleaseAsync(Attachment attachment, CancellationToken cancellationToken)
    {
        var interrupted = attachment.WasInterrupted;
        if (interrupted)
        {
            await _leftovers.EndPluginsAsync(attachment);
        }

        MarkDetaching(attachment);
        await _chain.DeleteAsync(attachment, cancellationToken);
        FaultPoint.Reach(FaultPoints.CniDelDone);
        if (interrupted)
        {
            await _leftovers.RemoveRulesAsync(attachment);
        }

        _cache.Remove(attachment);
        FaultPoint.Reach(FaultPoints.CniDelForgotten);
    }

    // Where nothing can be written any more, pods must still come off the network.
    private void MarkDetaching(Attachment attachment)
    {
        try
        {
            _cache.Put(attachment with { IsDetaching = true });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _report($"network {attachment.Network.Name}: {e.Message}");
        }
    }

    private static string Absence(ConfigurationSnapshot snapshot, string problems) =>
        problems.Length > 0 ? $"{snapshot.Absence}: {problems}" : snapshot.Absence;

    // A result that is no good, or cannot be recorded, is as bad as a plugin that failed.
    private async Task<CniAttachment> CompleteAsync(Attachment attachment, JsonElement result)
    {
        var complete = attachment with { Result = result };
        try
        {
            FaultPoint.Reach(FaultPoints.CniAddDone);
            var answer = AttachmentResult.Read(result, attachment.Network.Name, attachment.InterfaceName);
            _cache.Put(complete);
            FaultPoint.Reach(FaultPoints.CniAddResultRecorded);
            return answer;
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            var words = $"the result of network {attachment.Network.Name} cannot be used: {e.Message}";
            var failure = e is FormatException ? new CniException(CniFailure.InvalidResult, words, e) : e;
            await _chain.UndoAsync(complete, failure);
            throw failure;
        }
    }
}

/// <summary>An attachment as it is recorded.</summary>
/// <param name="SandboxId">The sandbox.</param>
/// <param name="InterfaceName">The interface.</param>
/// <param name="NetworkName">The network it is attached to.</param>
/// <param name="File">The record.</param>
public sealed record RecordedAttachment(string SandboxId, string InterfaceName, string NetworkName, string File);
