using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>
/// crispd is in a memory cgroup with next to nothing left, and with it whatever it starts now: the kernel kills a runtime, a shim or
/// crispd itself, whichever is the largest when it happens.
/// </summary>
public sealed class MemoryTests(FaultSite site) : IClassFixture<FaultSite>
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(24)]
    public Task Calls_WithoutMemory_AreWhollyDoneOrNotAtAll(int left) => site.TryAsync("ENOMEM", $"crispd in a memory cgroup with {left} MiB left", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var pid = await container.PidAsync();
        var image = await site.Cri.Registry.PushAsync(new TestImage { Name = $"want-{left}:latest", Files = [TestFile.Text("large", new string('x', 8 << 20))] });
        var pull = new PullImageRequest { Image = new ImageSpec { Image = image } };
        using (var limit = new MemoryLimit(site.Crispd.ProcessId, left << 20))
        {
            await FailsOrWorksAsync(bound => site.Cri.Images.PullImageAsync(pull, bound));
            await FailsOrWorksAsync(bound => site.Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }, bound));
            await FailsOrWorksAsync(bound => site.Cri.Runtime.ListContainersAsync(new ListContainersRequest(), bound));
        }

        await RestartTheDeadAsync();
        Assert.Equal(pid, await container.PidAsync());
        Assert.Equal("here", await container.ShellAsync("echo here"));
        await site.Cri.Images.PullImageAsync(pull);
        await site.WorksAgainAsync(config);
    });

    // Who dies is the kernel's choice; that a call which fails says what it was about is ours, unless crispd is gone.
    private static async Task FailsOrWorksAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call)
    {
        try
        {
            await call(new CallOptions(null, DateTime.UtcNow + Eventually.Patience));
        }
        catch (RpcException error)
        {
            Assert.True(error.StatusCode is not (StatusCode.Internal or StatusCode.Unimplemented or StatusCode.OK), $"{error.StatusCode}: {error.Status.Detail}");
        }
    }

    // As an init system does.
    private async Task RestartTheDeadAsync()
    {
        try
        {
            await site.Cri.Runtime.VersionAsync(new VersionRequest());
        }
        catch (RpcException)
        {
            Assert.True(await site.Crispd.DiesAsync(), "a crispd that does not answer has ended");
            await site.Crispd.StartAsync();
            site.Cri.Reconnect();
        }
    }
}
