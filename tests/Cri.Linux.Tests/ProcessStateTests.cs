using System.Diagnostics;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class ProcessStateTests
{
    [Fact]
    public void IsEnding_OfARunningProcess_IsFalse() => Assert.False(ProcessState.IsEnding(Environment.ProcessId));

    [Fact]
    public void IsEnding_OfOneThatWasKilled_IsTrueAtOnce()
    {
        using var process = Process.Start("sleep", ["1000"]);
        Assert.False(ProcessState.IsEnding(process.Id));

        process.Kill();

        Assert.True(ProcessState.IsEnding(process.Id));
        process.WaitForExit();
    }

    [Fact]
    public void IsEnding_OfNone_IsTrue()
    {
        using var process = Process.Start("true");
        process.WaitForExit();

        Assert.True(ProcessState.IsEnding(process.Id));
    }
}
