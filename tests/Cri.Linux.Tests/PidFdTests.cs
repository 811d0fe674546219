using Cri.Linux;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class PidFdTests
{
    [Fact]
    public void Signal_DisposedPidFdWhoseNumberIsAnothers_ReachesNobody()
    {
        var ended = PidFd.Open(Environment.ProcessId);
        ended.Dispose();
        var child = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["sleep", "1000"], NewSession = true });
        using var process = PidFd.Open(child);

        Assert.Throws<ObjectDisposedException>(() => PidFd.Signal(ended, 9));
        Assert.Throws<ObjectDisposedException>(() => PidFd.TryReap(ended));
        Assert.Throws<ObjectDisposedException>(() => ended.Number);

        Assert.Null(PidFd.TryReap(process));
        PidFd.Signal(process, 9);
        Assert.Equal(9, PidFd.Reap(process).Signal);
    }

    [Fact]
    public void HasEnded_ProcessThatNobodyHasReaped_IsTrue()
    {
        using var process = PidFd.Open(ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["sleep", "1000"] }));
        Assert.False(PidFd.HasEnded(process));

        PidFd.Signal(process, Signals.SigKill);

        // A signal to this thread makes one look end early.
        Assert.True(SpinWait.SpinUntil(() => PidFd.HasEnded(process), TimeSpan.FromSeconds(60)), "it has not ended");
        Assert.True(PidFd.Signal(process, 0));
        PidFd.Reap(process);
    }
}
