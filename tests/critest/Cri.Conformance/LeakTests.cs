using Xunit;

namespace Cri.Conformance;

/// <summary>Runs alone, after all collections that run in parallel.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class LeakCollection;

/// <summary>The last test: once every pod is removed, the endpoint holds nothing on the machine any more.</summary>
[Collection(nameof(LeakTests))]
[Trait("Depends", "cgroup")]
public sealed class LeakTests : ConformanceTest
{
    [Fact]
    public async Task Suite_WhenAllPodsAreRemoved_LeavesNothing()
    {
        await Cri.RemovePodsAsync();

        await Cri.Leaks.AssertNothingAsync();
    }
}
