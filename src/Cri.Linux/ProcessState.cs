using System.Globalization;

namespace Cri.Linux;

/// <summary>Whether a process still runs: proc_pid_stat(5), proc_pid_status(5).</summary>
public static class ProcessState
{
    // The kernel's PF_EXITING: an init waits in its exit for all others of its PID namespace, and is no zombie until then.
    private const uint Exiting = 0x4;

    // The flags are the ninth field, and the name, which may have anything in it, ends with the last parenthesis.
    private const int FlagsAfterName = 6;

    private const ulong KillPending = 1UL << (Signals.SigKill - 1);

    /// <summary>True when there is no such process, it exits or has exited, or SIGKILL has been sent to it.</summary>
    public static bool IsEnding(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length <= FlagsAfterName
                || fields[0] is "Z" or "X"
                || (uint.Parse(fields[FlagsAfterName], CultureInfo.InvariantCulture) & Exiting) != 0
                || IsKilled(pid);
        }
        catch (IOException)
        {
            // There is none, or it went between the opening and the reading.
            return true;
        }
    }

    // One that has gone since it was looked at has no signals any more, but says so.
    private static bool IsKilled(int pid) => File.ReadLines($"/proc/{pid}/status").Any(line =>
        line.StartsWith("State:\tX", StringComparison.Ordinal) || line.StartsWith("State:\tZ", StringComparison.Ordinal)
        || (line.StartsWith("ShdPnd:", StringComparison.Ordinal) || line.StartsWith("SigPnd:", StringComparison.Ordinal))
        && (ulong.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & KillPending) != 0);
}
