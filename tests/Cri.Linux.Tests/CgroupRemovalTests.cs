using System.Diagnostics;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class CgroupRemovalTests
{
    [Fact]
    public async Task RunAsync_CgroupWithProcessesBelowIt_EndsThemAndRemovesAll()
    {
        var mount = MountTable.Read().First(entry => entry.Type is "cgroup2" || (entry.Type is "cgroup" && entry.SuperOptions.Split(',').Contains("pids")));
        var cgroup = $"{mount.Target}/crisp-removal-{Guid.NewGuid():n}";
        Directory.CreateDirectory($"{cgroup}/a/b");
        using var process = Process.Start("sleep", "1000");
        await File.WriteAllTextAsync($"{cgroup}/a/b/cgroup.procs", $"{process.Id}");

        Assert.Equal([process.Id], CgroupRemoval.Processes([cgroup]));
        await CgroupRemoval.RunAsync([cgroup, $"{cgroup}-absent"], TimeSpan.FromSeconds(60), CancellationToken.None);

        Assert.False(Directory.Exists(cgroup));
        await process.WaitForExitAsync();
        Assert.Equal(128 + Signals.SigKill, process.ExitCode);
    }

    [Fact]
    public void Signal_ProcessThatIsNotFoundAgain_IsSpared()
    {
        using var spared = Process.Start("sleep", "1000");
        using var killed = Process.Start("sleep", "1000");
        try
        {
            Assert.Equal(1, HeldProcesses.Signal([spared.Id, killed.Id], () => [killed.Id], Signals.SigKill));

            killed.WaitForExit();
            Assert.False(spared.HasExited);
        }
        finally
        {
            spared.Kill();
        }
    }

    [Fact]
    public void StuckProcess_OfASleepingOne_HasItsStateAndPath()
    {
        using var process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, WorkingDirectory = "/usr" })!;
        try
        {
            SpinWait.SpinUntil(() => StuckProcess.Of(process.Id) is { State: 'S', Name: "cat" }, TimeSpan.FromSeconds(60));
            var stuck = Assert.Single(StuckProcess.Among([process.Id, int.MaxValue]));
            Assert.Equal((process.Id, process.Id, "cat", 'S', "/usr"), (stuck.Pid, stuck.Thread, stuck.Name, stuck.State, stuck.Path));
        }
        finally
        {
            process.Kill();
        }

        process.WaitForExit();
        Assert.Empty(StuckProcess.Among([process.Id]));
    }
}
