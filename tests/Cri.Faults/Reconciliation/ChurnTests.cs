using System.Collections.Concurrent;
using Cri.Api.CrispV1;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Faults.Reconciliation;

/// <summary>
/// Pods come and go while what nobody owns is removed again and again: nothing that lives, is being made or is being removed is ever
/// taken for an orphan. CRISP_CHURN_SECONDS makes it longer.
/// </summary>
public sealed class ChurnTests : IAsyncLifetime
{
    private const int Workers = 4;

    private static readonly TimeSpan _length =
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("CRISP_CHURN_SECONDS"), out var seconds) ? seconds : 15);

    private readonly ConcurrentBag<Finding> _found = [];
    private readonly CancellationTokenSource _end = new();
    private CriEndpoint _cri = null!;

    public async Task InitializeAsync() =>
        _cri = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with { Configuration = "reconcile: { intervalSeconds: 1 }\n" });

    public async Task DisposeAsync()
    {
        await _cri.DisposeAsync();
        _end.Dispose();
    }

    [Fact]
    public async Task Gc_WhilePodsComeAndGo_FindsNothingAndTouchesNothing()
    {
        var constant = await TestPod.RunAsync(_cri);
        var container = await constant.StartAsync(["sleep", "1000"]);
        _end.CancelAfter(_length);

        await Task.WhenAll([CollectAsync(), .. Enumerable.Range(0, Workers).Select(_ => ChurnAsync())]);

        Assert.Empty(_found.Select(finding => finding.ToString()));
        Assert.DoesNotContain("reconcil", _cri.Crispd!.Log, StringComparison.Ordinal);
        Assert.Equal("still here", await container.ShellAsync("echo still here"));
        await constant.DisposeAsync();
        await _cri.Crispd.Leaks.AssertNothingAsync();
    }

    private async Task CollectAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            foreach (var finding in await CrispGc.RunAsync(_cri))
            {
                _found.Add(finding);
            }
        }
    }

    private async Task ChurnAsync()
    {
        for (var round = 0; !_end.IsCancellationRequested; round++)
        {
            await using var pod = await TestPod.RunAsync(_cri, config =>
                config.Linux.SecurityContext.NamespaceOptions.Pid = round % 2 == 0 ? Api.V1.NamespaceMode.Container : Api.V1.NamespaceMode.Pod);
            await pod.CreateAsync(["true"]);
            var container = await pod.StartAsync(["sleep", "1000"]);
            Assert.Equal("lives", await container.ShellAsync("echo lives"));
            if (round % 3 == 0)
            {
                await container.RemoveAsync();
            }
        }
    }
}
