namespace Cri.RuntimeService.Cni;

/// <summary>Attaches pods to the network that is configured on this host.</summary>
public sealed class CniNetwork(CniOptions options) : IDisposable
{
    /// <summary>Whether pods can be attached now.</summary>
    public NetworkStatus Status => throw new NotImplementedException(options.ConfDir);

    /// <summary>Attaches a pod (ADD).</summary>
    public Task<CniAttachment> AddAsync(PodNetwork pod, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Detaches a pod (DEL) as it was attached; idempotent.</summary>
    public Task DeleteAsync(PodNetwork pod, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() { }
}
