using System.Text;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Shim.Io;

namespace Cri.Shim.Exit;

/// <summary>The file that tells how a container's init ended, for whoever was not there: exit.json in the bundle.</summary>
internal static class ExitRecord
{
    private const string FileName = "exit.json";

    /// <summary>Writes the record in one step. No fsync: the bundle lives on a tmpfs and no longer than the container.</summary>
    public static void Write(string bundle, ProcessExit exit)
    {
        var (at, oom) = (CriLines.Time(exit.At), exit.OomKilled ? "true" : "false");
        var json = $$"""
            {"pid":{{exit.Pid}},"exitCode":{{exit.Code}},"exitedAt":"{{at}}","oomKilled":{{oom}},"signal":{{exit.Signal}}}

            """;
        var path = Path.Combine(bundle, FileName);
        SmallFile.Write(path + ".tmp", Encoding.UTF8.GetBytes(json));
        FaultPoint.Reach(ShimFaultPoints.ShimExitWritten);
        File.Move(path + ".tmp", path, overwrite: true);
        FaultPoint.Reach(ShimFaultPoints.ShimExitRecorded);
    }
}
