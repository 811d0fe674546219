using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class ProcessDescriptorsTests
{
    [Fact]
    public void Count_OfAProcessWithASocket_CountsIt()
    {
        using var sockets = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var start = new ProcessStartInfo("sleep", "1000") { RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        try
        {
            // While it starts, its libraries are opened and closed.
            Assert.True(SpinWait.SpinUntil(() => Sleeps(process.Id), TimeSpan.FromSeconds(60)), "it does not come to sleep");
            var counted = ProcessDescriptors.Count(process.Id);
            var own = ProcessDescriptors.Count(Environment.ProcessId);

            Assert.True(counted.All >= 3, $"{counted}");
            Assert.Equal(Entries(process.Id), counted.All);
            Assert.InRange(own.Sockets, 1, own.All);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static bool Sleeps(int pid) => StuckProcess.Of(pid) is { State: 'S', Name: "sleep" };

    private static int Entries(int pid) => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length;

    [Fact]
    public void Count_OfNoProcess_IsNone() => Assert.Equal((0, 0), ProcessDescriptors.Count(int.MaxValue));
}
