namespace Cri.Shim.Exit;

/// <summary>How a process ended.</summary>
/// <param name="Pid">Its pid, or 0 when it never had one.</param>
/// <param name="Code">The exit code, or 128 plus the signal.</param>
/// <param name="Signal">The signal that killed it, or 0.</param>
/// <param name="At">When it was reaped, UTC.</param>
/// <param name="OomKilled">The kernel killed in its cgroup for lack of memory.</param>
internal sealed record ProcessExit(int Pid, int Code, int Signal, DateTime At, bool OomKilled);
