using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Faults.Reconciliation;

/// <summary>A crispd that reconciles at its start and when it is asked to.</summary>
public sealed class ReconciledNode : IAsyncLifetime
{
    /// <summary>Its endpoint.</summary>
    public CriEndpoint Cri { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() =>
        Cri = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with { Configuration = "reconcile: { intervalSeconds: 0 }\n" });

    /// <inheritdoc/>
    public async Task DisposeAsync() => await Cri.DisposeAsync();
}
