using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Recovery.Orphans;
using Cri.RuntimeService.Sandboxes;
using Cri.Testing;
using Xunit;

namespace Cri.RuntimeService.Tests.Recovery;

/// <summary>On directories and names alone; tests/Cri.Faults has the rest, on a whole node.</summary>
public sealed class ReconcilerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("reconcile");
    private readonly OperationsUnderWay _underWay = new();
    private readonly NameRegistry _names = new("pod sandbox");
    private readonly ConcurrentBag<string> _said = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task RunAsync_DirectoryOfNobody_IsRemovedToldAndCounted()
    {
        var counted = new ConcurrentBag<string>();
        using var listener = Count(counted);
        var id = ObjectId.New();
        var path = Directory.CreateDirectory($"{_directory.Path}/pods/{id}").FullName;
        await using var reconciler = Reconciler();

        var repair = Assert.Single(await reconciler.RunAsync(CancellationToken.None));

        Assert.Equal((FindingKind.Directory, id, path, null), (repair.Finding.Kind, repair.Finding.Subject, repair.Finding.Path, repair.Error));
        Assert.False(Directory.Exists(path));
        Assert.Contains(_said, line => line.StartsWith($"reconciled: remove directory {path} of {id}: ", StringComparison.Ordinal));
        Assert.Contains("crisp_reconciled_total directory", counted);
    }

    [Fact]
    public async Task FindAsync_WhatIsBeingMade_IsOwned()
    {
        var id = ObjectId.New();
        Directory.CreateDirectory($"{_directory.Path}/pods/{id}");
        Directory.CreateDirectory($"{_directory.Path}/pods/notours");
        await using var reconciler = Reconciler();

        using (_underWay.Begin(id))
        {
            Assert.Empty(await reconciler.FindAsync(CancellationToken.None));
        }

        Assert.Single(await reconciler.FindAsync(CancellationToken.None));
        Assert.True(Directory.Exists($"{_directory.Path}/pods/{id}"));
    }

    [Fact]
    public async Task FindAsync_WhatIsRecordedButCannotBeRead_IsOwned()
    {
        var (pod, container) = (ObjectId.New(), ObjectId.New());
        _directory.File($"pods/{pod}/pod.json", "{");
        _directory.File($"pods/{pod}/{container}/container.json", "{");
        await using var reconciler = Reconciler();

        Assert.Empty(await reconciler.FindAsync(CancellationToken.None));
    }

    [Fact]
    public async Task FindAsync_ContainerWhoseRemovalWasCutOff_IsFound()
    {
        var (pod, container) = (ObjectId.New(), ObjectId.New());
        _directory.File($"pods/{pod}/pod.json", "{");
        var path = Directory.CreateDirectory($"{_directory.Path}/pods/{pod}/.removing-{container}").FullName;
        await using var reconciler = Reconciler();

        var finding = Assert.Single(await reconciler.FindAsync(CancellationToken.None));

        Assert.Equal((container, path), (finding.Subject, finding.Path));
    }

    [Fact]
    public async Task Begin_NameOfNobody_CanBeUsedAgain()
    {
        _names.Restore("name", ObjectId.New(), new V1.RunPodSandboxRequest(), () => true);
        await using var reconciler = Reconciler();

        reconciler.Begin(TimeSpan.Zero);

        Assert.True(SpinWait.SpinUntil(() => _names.Held.Count == 0, TimeSpan.FromSeconds(60)));
    }

    private Reconciler Reconciler()
    {
        Directory.CreateDirectory($"{_directory.Path}/pods");
        var state = new StateLayout(_directory.Path);
        var ownership = new Ownership(state, new ObjectIndex<Sandbox>("pod sandbox"), new ObjectIndex<Container>("container"), _underWay);
        return new Reconciler([new StrayDirectories(state), new StrayNames(_names)], ownership, new Journal(_said.Add, _said.Add));
    }

    private static MeterListener Count(ConcurrentBag<string> counted)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "crisp")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => counted.Add(tags.Length == 1 ? $"{instrument.Name} {tags[0].Value}" : ""));
        listener.Start();
        return listener;
    }
}
