using Xunit;

namespace Cri.RuntimeService.Tests;

public sealed class StateLayoutTests
{
    // A removal renames the pod's directory, and whoever lists all pods comes too late.
    [Fact]
    public void ContainerIds_PodRemovedMeanwhile_AreNone() => Assert.Empty(new PodLayout("/run/crisp-test-no-such-pod").ContainerIds());
}
