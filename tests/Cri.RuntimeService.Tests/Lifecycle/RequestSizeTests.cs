using Cri.Api.V1;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public sealed class RequestSizeTests
{
    [Fact]
    public void CheckConfig_AtTheLimitAndBeyond_IsTakenAndRefusedWithTheLimit()
    {
        var config = new ContainerConfig { Annotations = { ["a"] = "" } };
        config.Annotations["a"] = new string('x', RequestSize.MaxConfig - 100);
        config.Annotations["a"] += new string('x', RequestSize.MaxConfig - config.CalculateSize());
        RequestSize.CheckConfig("container config", config);
        config.Annotations["a"] += "x";

        var error = Assert.Throws<RpcException>(() => RequestSize.CheckConfig("container config", config));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains($"the limit is {RequestSize.MaxConfig}", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckCommand_AtTheLimitAndBeyond_IsTakenAndRefusedWithTheLimit()
    {
        string[] command = ["echo", new string('x', RequestSize.MaxCommand - 4)];
        RequestSize.CheckCommand("exec", command);

        var error = Assert.Throws<RpcException>(() => RequestSize.CheckCommand("exec", [.. command, "x"]));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains($"the limit is {RequestSize.MaxCommand}", error.Status.Detail, StringComparison.Ordinal);
    }
}
