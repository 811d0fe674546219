using Cri.RuntimeService.Lifecycle;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public sealed class AdmissionTests
{
    private readonly Admission _admission = new("commands", 2);

    [Fact]
    public void Enter_BeyondTheLimit_IsRefusedWithTheLimit()
    {
        using var first = _admission.Enter("one");
        using var second = _admission.Enter("two");

        var error = Assert.Throws<RpcException>(() => _admission.Enter("exec in c"));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.StartsWith("exec in c: 2 commands are under way, which is the limit", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Enter_AfterOneHasEnded_Succeeds()
    {
        using var first = _admission.Enter("one");
        var second = _admission.Enter("two");
        Assert.Throws<RpcException>(() => _admission.Enter("three"));
        second.Dispose();
        second.Dispose();

        using var third = _admission.Enter("three");

        Assert.Throws<RpcException>(() => _admission.Enter("four"));
    }
}
