using System.Text.Json;

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
    private readonly SandboxTurns _turns = new();

    /// <summary>Reads the configuration and begins to watch it.</summary>
    public CniNetwork(CniOptions options)
    {
        _watch = new ConfigurationWatch(options.ConfDir);
        _chain = new PluginChain(new PluginInvoker(options));
        _cache = new AttachmentCache(options.CacheDir);
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
    /// <see cref="DeleteAsync"/> and <see cref="SweepAsync"/>.
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
            await _chain.DeleteAsync(attachment, cancellationToken);
            _cache.Remove(attachment);
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

    /// <summary>
    /// Detaches every pod whose sandbox nobody knows any more: what a crash or a reboot left, down to the addresses that IPAM plugins
    /// reserved on disk. One that fails is reported and stays recorded. A sandbox whose ADD is under way must be among the known ones.
    /// </summary>
    public async Task<IReadOnlyList<SweptAttachment>> SweepAsync(IReadOnlySet<string> knownSandboxes, CancellationToken cancellationToken)
    {
        var swept = new List<SweptAttachment>();
        foreach (var attachment in _cache.All().Where(a => !knownSandboxes.Contains(a.SandboxId)))
        {
            using var turn = await _turns.TakeAsync(attachment.SandboxId, cancellationToken);
            try
            {
                await _chain.DeleteAsync(attachment, cancellationToken);
                _cache.Remove(attachment);
                swept.Add(new SweptAttachment(attachment.SandboxId, attachment.InterfaceName, attachment.Network.Name, null));
            }
            catch (CniException e)
            {
                swept.Add(new SweptAttachment(attachment.SandboxId, attachment.InterfaceName, attachment.Network.Name, e.Message));
            }
        }

        return swept;
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _watch.Dispose();

    private static string Absence(ConfigurationSnapshot snapshot, string problems) =>
        problems.Length > 0 ? $"{snapshot.Absence}: {problems}" : snapshot.Absence;

    // A result that is no good, or cannot be recorded, is as bad as a plugin that failed.
    private async Task<CniAttachment> CompleteAsync(Attachment attachment, JsonElement result)
    {
        var complete = attachment with { Result = result };
        try
        {
            var answer = AttachmentResult.Read(result, attachment.Network.Name, attachment.InterfaceName);
            _cache.Put(complete);
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

/// <summary>An attachment that nobody knew any more.</summary>
/// <param name="SandboxId">The sandbox.</param>
/// <param name="InterfaceName">The interface.</param>
/// <param name="NetworkName">The network it was attached to.</param>
/// <param name="Error">Why it could not be detached; null when it was.</param>
public sealed record SweptAttachment(string SandboxId, string InterfaceName, string NetworkName, string? Error);
