using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>A container that only waits, for the commands of a class of tests.</summary>
public sealed class SleeperFixture : IAsyncLifetime
{
    private TestPod _pod = null!;

    /// <summary>The container.</summary>
    public TestContainer Container { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _pod = await TestPod.RunAsync(await ConformanceTest.SharedEndpointAsync());
        Container = await _pod.StartAsync(["sleep", "1000000"], config =>
        {
            config.WorkingDir = "/tmp";
            config.Envs.Add(new KeyValue { Key = "FROM", Value = "config" });
            config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 33 };
        });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync() => await _pod.DisposeAsync();
}

[Trait("Depends", "cgroup")]
public sealed class ExecSyncTests(SleeperFixture fixture) : ConformanceTest, IClassFixture<SleeperFixture>
{
    private TestContainer Container => fixture.Container;

    [Fact]
    public async Task ExecSync_OfACommand_GivesBothStreamsAndTheCode()
    {
        var response = await Container.ExecAsync(["sh", "-c", "echo out; echo err >&2; exit 9"]);

        Assert.Equal("out\n", response.Stdout.ToStringUtf8());
        Assert.Equal("err\n", response.Stderr.ToStringUtf8());
        Assert.Equal(9, response.ExitCode);
    }

    [Fact]
    public async Task ExecSync_OfACommand_RunsWithTheContainersUserEnvironmentAndDirectory() =>
        Assert.Equal("33 config /tmp", await Container.ShellAsync("echo $(id -u) $FROM $(pwd)"));

    [Fact]
    public async Task ExecSync_OfACommandKilledByASignal_GivesTheCode128PlusSignal() =>
        Assert.Equal(137, (await Container.ExecAsync(["sh", "-c", "kill -9 $$"])).ExitCode);

    [Fact]
    public async Task ExecSync_PastItsTimeout_FailsAndEndsTheCommand()
    {
        var mark = $"{Random.Shared.Next(100_000, 999_999)}";

        await FailsAsync(StatusCode.DeadlineExceeded, "", () => Container.ExecAsync(["sleep", mark], timeout: 1));

        await Eventually.GetAsync(
            () => Container.ShellAsync("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"),
            processes => !processes.Contains("sleep " + mark, StringComparison.Ordinal),
            "the command is gone");
    }

    [Fact]
    public async Task ExecSync_PastItsTimeout_EndsWhatTheCommandStartedToo()
    {
        var mark = $"{Random.Shared.Next(100_000, 999_999)}";

        await FailsAsync(StatusCode.DeadlineExceeded, "", () => Container.ExecAsync(["sh", "-c", $"sleep {mark}; true"], timeout: 1));

        await Eventually.GetAsync(
            () => Container.ShellAsync("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"),
            processes => !processes.Contains("sleep " + mark, StringComparison.Ordinal),
            "the command's child is gone");
    }

    [Fact]
    public async Task ExecSync_WithinItsTimeout_Succeeds() =>
        Assert.Equal(0, (await Container.ExecAsync(["true"], timeout: 60)).ExitCode);

    [Fact]
    public async Task ExecSync_WithMuchOutput_GivesAllOfIt()
    {
        var response = await Container.ExecAsync(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);

        Assert.Equal(3_000_000, response.Stdout.Length);
    }

    [CrispdFact]
    public async Task ExecSync_WithMoreOutputThanTheCap_EndsInsteadOfHanging()
    {
        var request = new ExecSyncRequest { ContainerId = Container.Id, Cmd = { "sh", "-c", "head -c 40000000 /dev/zero" } };
        try
        {
            var response = await Cri.Runtime.ExecSyncAsync(request);
            Assert.InRange(response.Stdout.Length, 1 << 20, 16 << 20);
        }
        catch (RpcException error)
        {
            Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        }
    }

    [CrispdFact]
    public async Task ExecSync_ThatLeavesAChildWithItsOutput_ReturnsAnyway()
    {
        var response = await Container.ExecAsync(["sh", "-c", "sleep 600 & echo started"], timeout: 60);

        Assert.Equal("started\n", response.Stdout.ToStringUtf8());
    }

    [Fact]
    public async Task ExecSync_ManyAtOnce_KeepsTheirOutputsApart()
    {
        var outputs = await Task.WhenAll(Enumerable.Range(0, 10).Select(number => Container.ShellAsync($"echo {number}")));

        Assert.Equal(Enumerable.Range(0, 10).Select(number => $"{number}"), outputs);
    }

    [Fact]
    public async Task ExecSync_OfAMissingProgram_IsAnErrorThatNamesIt()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => Container.ExecAsync(["/no/such/program"]));

        Assert.Contains("/no/such/program", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExecSync_InACreatedContainer_IsAnError()
    {
        var container = await Container.Pod.CreateAsync(["sleep", "1000"]);

        await Assert.ThrowsAsync<RpcException>(() => container.ExecAsync(["true"]));
    }
}
