using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>A system call that failed: which call, on what object, with which errno and its meaning.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Describes a failed call.</summary>
    /// <param name="call">The system call, as its man page is named: <c>mount</c>.</param>
    /// <param name="target">The path, pid or object it was applied to; null when there is none.</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string call, string? target, int errno)
        : base(Describe(call, target, errno))
    {
        Call = call;
        Target = target;
        Error = (Errno)errno;

        // As the framework does for failed calls of its own.
        HResult = errno;
    }

    /// <summary>The system call that failed.</summary>
    public string Call { get; }

    /// <summary>What it was applied to.</summary>
    public string? Target { get; }

    /// <summary>The error number.</summary>
    public Errno Error { get; }

    /// <summary>True when the file system, quota or memory is exhausted.</summary>
    public bool IsExhausted => Error is Errno.ENOSPC or Errno.EDQUOT or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE;

    /// <summary>An exception for the errno that the last P/Invoke with SetLastError left behind.</summary>
    public static LinuxException FromLast(string call, string? target = null) =>
        new(call, target, Marshal.GetLastPInvokeError());

    /// <summary>Throws for the last errno when <paramref name="result"/> is negative; otherwise returns it.</summary>
    public static int Check(int result, string call, string? target = null) =>
        result < 0 ? throw FromLast(call, target) : result;

    /// <summary>Throws for the last errno when <paramref name="result"/> is negative; otherwise returns it.</summary>
    public static long Check(long result, string call, string? target = null) =>
        result < 0 ? throw FromLast(call, target) : result;

    private static string Describe(string call, string? target, int errno)
    {
        var name = Enum.IsDefined((Errno)errno) ? ((Errno)errno).ToString() : $"errno {errno}";
        var subject = target is null ? call : $"{call} {target}";
        return $"{subject}: {Marshal.GetPInvokeErrorMessage(errno)} ({name})";
    }
}
