using System.Globalization;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>What ExecSync promises of commands that do not end as they should, and that many of them leave nothing.</summary>
public sealed class ExecFaultTests(FaultSite site) : IClassFixture<FaultSite>
{
    private const string Fault = "ExecSync";

    // CRISP_EXECS makes it more.
    private static readonly int _execs =
        int.TryParse(Environment.GetEnvironmentVariable("CRISP_EXECS"), CultureInfo.InvariantCulture, out var number) ? number : 300;

    [Theory]
    [InlineData("sleep MARK & echo started")]
    [InlineData("setsid sleep MARK & echo started")]
    public Task Exec_ThatLeavesAChildWithItsOutput_SucceedsWithinItsTimeoutAndLeavesTheChild(string script) =>
        site.TryAsync(Fault, $"a child holds the output: {script}", async () =>
        {
            await using var pod = await TestPod.RunAsync(site.Cri);
            var container = await pod.StartAsync(["sleep", "100000"]);
            var mark = Mark();

            // The command itself ends at once: its timeout is not to count how long its child is waited for.
            var response = await container.ExecAsync(["sh", "-c", script.Replace("MARK", mark, StringComparison.Ordinal)], timeout: 120);

            Assert.Equal((0, "started\n"), (response.ExitCode, response.Stdout.ToStringUtf8()));
            await Eventually.HoldsAsync(() => FaultSite.Processes("sleep", mark).Count == 1, "the child lives on");
        });

    [Theory]
    [InlineData("sleep MARK; true")]
    [InlineData("sleep MARK & sleep MARK; true")]
    [InlineData("setsid sleep MARK & sleep MARK; true")]
    [InlineData("(setsid sleep MARK &); sleep MARK; true")]
    [InlineData("setsid sh -c 'sleep MARK >/dev/null 2>&1; true' & sleep MARK; true")]
    public Task Exec_PastItsTimeout_TakesAllItStartedAlong(string script) => site.TryAsync(Fault, $"timeout: {script}", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var other = Mark();
        var container = await pod.StartScriptAsync($"sleep {other} & sleep 1000");
        var mark = Mark();

        await FaultSite.FailsAsync(
            () => container.ExecAsync(["sh", "-c", script.Replace("MARK", mark, StringComparison.Ordinal)], timeout: 3), "timeout", StatusCode.DeadlineExceeded);

        await Eventually.HoldsAsync(() => FaultSite.Processes("sleep", mark).Count == 0, "all of the exec is gone");
        await Eventually.HoldsAsync(() => FaultSite.Processes("sleep", other).Count == 1, "another's process lives on");
        Assert.Equal("here", await container.ShellAsync("echo here"));
    });

    [Fact]
    public Task Execs_Many_LeaveShimAndServerAsTheyWere() => site.TryAsync(Fault, $"{_execs} one after the other", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "100000"]);
        int[] pids = [await pod.ShimPidAsync(), site.Crispd.ProcessId];
        await ExecAsync(container, Math.Min(_execs, 100));
        var before = pids.Select(Use.Of).ToList();

        await ExecAsync(container, _execs);

        for (var i = 0; i < pids.Length; i++)
        {
            var (pid, first) = (pids[i], before[i]);
            await Eventually.GetAsync(
                () => Task.FromResult(Use.Of(pid)),
                now => now.Descriptors <= first.Descriptors + 10 && now.Threads <= first.Threads + 20 && now.Kilobytes <= first.Kilobytes + Growth(i),
                $"{(i == 0 ? "the shim" : "crispd")} is as before {_execs} execs, when it was {first}");
        }

        Assert.DoesNotContain(
            Directory.EnumerateFiles(site.Crispd.PodDirectory(pod.Id), "*", SearchOption.TopDirectoryOnly)
                .Concat(Directory.EnumerateFiles($"{site.Crispd.PodDirectory(pod.Id)}/{container.Id}")),
            file => Path.GetFileName(file).StartsWith("exec-", StringComparison.Ordinal));
    });

    // KiB: the shim allocates little between its collections, the server's heap has room that it fills first.
    private static int Growth(int process) => process == 0 ? 4 << 10 : 96 << 10;

    private static async Task ExecAsync(TestContainer container, int number)
    {
        for (var i = 0; i < number; i++)
        {
            Assert.Equal(0, (await container.ExecAsync(["true"])).ExitCode);
        }
    }

    private static string Mark() => $"{Random.Shared.Next(1_000_000, 9_999_999)}";

    private sealed record Use(int Kilobytes, int Descriptors, int Threads)
    {
        public static Use Of(int pid)
        {
            var status = File.ReadLines($"/proc/{pid}/status").Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
            return new Use(
                int.Parse(status["VmRSS"].Split(' ')[0], CultureInfo.InvariantCulture),
                Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length,
                int.Parse(status["Threads"], CultureInfo.InvariantCulture));
        }
    }
}
