using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Linux.Scripts;
using Cri.Ttrpc;

namespace Cri.Shim.Tasks;

/// <summary>
/// Starts a process in a container by a program of system calls that comes with the request. The program forks into the container, and
/// tells of it on a pipe that the command's start closes: what has not failed by then has not failed at all.
/// </summary>
internal static class DirectStart
{
    private const int MostReports = 2;
    private const long Failure = -1;

    /// <summary>Runs the program. Returns the pid of the process; 0 when it could not be started, and nothing of it is left.</summary>
    /// <param name="environment">What the shim's tasks share.</param>
    /// <param name="program">The executable.</param>
    /// <param name="streams">The process's standard streams.</param>
    /// <param name="init">The container's first process.</param>
    public static async Task<int> RunAsync(
        TaskEnvironment environment, ReadOnlyMemory<byte> program, IReadOnlyDictionary<int, int> streams, int init)
    {
        var children = environment.Io.Children;
        using var reports = Pipe.Create();
        int helper;
        try
        {
            using var container = PidFd.Open(init);
            helper = MemoryProgram.Start(
                "crisp-exec", program.Span, new Dictionary<int, int>(streams) { [ExecProgram.ReportTo] = reports.Writer.Number, [ExecProgram.Init] = container.Number });
        }
        catch (LinuxException)
        {
            // No descriptor or no memory for it, or the container ends: the runtime says what it is.
            return 0;
        }

        FaultPoint.Reach(ShimFaultPoints.ShimExecForked);
        reports.Writer.Dispose();
        var ended = children.WaitAsync(helper);
        var results = await ReadAsync(environment, reports.Reader);
        if (results is [> 0 and var pid])
        {
            await ended;
            return (int)pid;
        }

        // Both have ended, or are ended here: a file system did not answer, most likely, when the command was looked for. Their numbers
        // are theirs until we reap them.
        if (!ended.IsCompleted)
        {
            Signals.Send(helper, Signals.SigKill);
        }

        if (results is [> 0 and var begun, ..])
        {
            Signals.Send((int)begun, Signals.SigKill);
            _ = children.WaitAsync((int)begun);
        }

        return 0;
    }

    // The first is that of the fork, a second one that of a failure after it. At the limit it counts as a failure.
    private static async Task<List<long>> ReadAsync(TaskEnvironment environment, Fd reader)
    {
        var reports = new byte[MostReports * SystemCallScript.ReportSize];
        FdStream.SetNonBlocking(reader);
        using var watch = environment.Io.Loop.Watch(reader);
        using var bound = new CancellationTokenSource();
        var limit = Task.Delay(environment.RuntimeLimit, environment.Io.Loop.Time, bound.Token);
        for (var length = 0; ;)
        {
            var count = length == reports.Length ? 0 : FdStream.Read(reader, reports.AsSpan(length));
            if (count == 0)
            {
                bound.Cancel();
                return Results(reports, length);
            }

            if (count > 0)
            {
                length += count;
            }
            else if (await Task.WhenAny(watch.ReadableAsync(), limit) == limit)
            {
                return [.. Results(reports, length), Failure];
            }
        }
    }

    private static List<long> Results(byte[] reports, int length)
    {
        var results = new List<long>();
        for (var at = 0; at + SystemCallScript.ReportSize <= length; at += SystemCallScript.ReportSize)
        {
            results.Add(SystemCallScript.Report(reports.AsSpan(at, SystemCallScript.ReportSize)).Result);
        }

        return results;
    }
}
