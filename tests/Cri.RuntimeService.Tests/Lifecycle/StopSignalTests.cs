using Cri.RuntimeService.Lifecycle;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class StopSignalTests
{
    [Theory]
    [InlineData(V1.Signal.RuntimeDefault, null, 15)]
    [InlineData(V1.Signal.RuntimeDefault, "SIGQUIT", 3)]
    [InlineData(V1.Signal.RuntimeDefault, "9", 9)]
    [InlineData(V1.Signal.RuntimeDefault, "RTMIN+3", 37)]
    [InlineData(V1.Signal.RuntimeDefault, "nonsense", 15)]
    [InlineData(V1.Signal.Sigusr1, "SIGQUIT", 10)]
    [InlineData(V1.Signal.Sigrtmin, null, 34)]
    [InlineData(V1.Signal.Sigrtminplus3, null, 37)]
    [InlineData(V1.Signal.Sigrtmaxminus14, null, 50)]
    [InlineData(V1.Signal.Sigrtmax, null, 64)]
    public void Resolve_RequestThenImageThenTerm(V1.Signal requested, string? image, int expected) =>
        Assert.Equal(expected, StopSignal.Resolve(requested, image));

    [Theory]
    [InlineData(15, V1.Signal.Sigterm)]
    [InlineData(37, V1.Signal.Sigrtminplus3)]
    [InlineData(64, V1.Signal.Sigrtmax)]
    public void ToCri_KnownNumber_IsNamed(int number, V1.Signal expected) => Assert.Equal(expected, StopSignal.ToCri(number));
}
