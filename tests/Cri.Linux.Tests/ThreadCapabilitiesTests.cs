using Cri.Testing;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class ThreadCapabilitiesTests
{
    private const int NetRaw = 13;

    [Fact]
    public void Drop_OnAThread_IsThatThreadsAlone()
    {
        var had = ThreadCapabilities.Has(NetRaw);

        var hasAfter = true;
        OnAThread(() =>
        {
            ThreadCapabilities.Drop([NetRaw]);
            hasAfter = ThreadCapabilities.Has(NetRaw);
        });

        Assert.False(hasAfter);
        Assert.Equal(had, ThreadCapabilities.Has(NetRaw));
    }

    // What is dropped from a thread is only dropped from itself: a program that it starts has what the bounding set allows.
    [Fact]
    public void Drop_ThenAChild_HasThemAgain()
    {
        using var directory = new TemporaryDirectory("capabilities");
        var report = Path.Combine(directory.Path, "status");
        var child = 0;
        OnAThread(() =>
        {
            ThreadCapabilities.DropUnneeded();
            child = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sh", Arguments = ["sh", "-c", $"cat /proc/self/status >{report}"] });
        });

        // It reports itself: seen from outside, it has its starter's credentials for a moment after it has been started.
        using var process = PidFd.Open(child);
        Assert.Equal(new ChildExit(0, 0), PidFd.Reap(process));
        Assert.Equal(Capabilities("/proc/self/status", "CapBnd"), Capabilities(report, "CapEff"));
    }

    // A thread of its own, that starts no other: the pool's threads would inherit what it has left, for all tests after this one.
    private static void OnAThread(ThreadStart work)
    {
        var thread = new Thread(work);
        thread.Start();
        thread.Join();
    }

    private static string Capabilities(string status, string set) => Field(File.ReadAllText(status), set);

    private static string Field(string status, string name) => status.Split('\n').Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
}
