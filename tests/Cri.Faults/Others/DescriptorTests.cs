using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>A test that takes from crispd what it needs to run at all.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ExhaustionTheoryAttribute : TheoryAttribute
{
    // The binary that ./build makes has everything in it; a script, or a host of the runtime, is small.
    private const long LeastBytes = 4 << 20;

    /// <summary>Skips the test for a crispd that is not compiled ahead of time: it opens files to run its own code.</summary>
    public ExhaustionTheoryAttribute() =>
        Skip = new FileInfo(Artifacts.Binary("crispd")).Length < LeastBytes ? "crispd is not compiled ahead of time: it opens files to run its own code" : null;
}

/// <summary>crispd has no descriptor left to open anything with (EMFILE).</summary>
public sealed class DescriptorTests(FaultSite site) : IClassFixture<FaultSite>
{
    [ExhaustionTheory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(9)]
    public Task Calls_WithoutDescriptors_AreExhaustedAndWorkOnceThereAreSome(int left) => site.TryAsync("EMFILE", $"crispd, {left} descriptors left", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var server = site.Crispd.ProcessId;
        var limit = Command.Run("prlimit", "--pid", $"{server}", "--nofile", "--output", "SOFT", "--noheadings").Trim();
        Command.Run("prlimit", "--pid", $"{server}", $"--nofile={Directory.GetFileSystemEntries($"/proc/{server}/fd").Length + left}:");
        try
        {
            await FailsOrWorksAsync(() => site.Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }).ResponseAsync);
            await FailsOrWorksAsync(() => container.ExecAsync(["true"]));
            await FailsOrWorksAsync(() => pod.CreateAsync(["true"]));
            Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
        }
        finally
        {
            Command.Run("prlimit", "--pid", $"{server}", $"--nofile={limit}:");
        }

        Assert.Equal("here", await container.ShellAsync("echo here"));
        await site.WorksAgainAsync(config);
    });

    // How much a call needs is not the test's to say; that one which fails says why is.
    private static async Task FailsOrWorksAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (RpcException error)
        {
            Assert.True(
                error.StatusCode == StatusCode.ResourceExhausted
                || (error.StatusCode is StatusCode.FailedPrecondition or StatusCode.Unavailable or StatusCode.Unknown
                    && error.Status.Detail.Contains("oo many open files", StringComparison.Ordinal)),
                $"{error.StatusCode}: {error.Status.Detail}");
        }
    }
}
