using System.Globalization;

namespace Cri.Linux;

/// <summary>How much the kernel prefers a process when it kills for lack of memory (proc(5), oom_score_adj).</summary>
public static class OomScore
{
    private const int Highest = 1000;

    /// <summary>Makes this process a little more likely to be killed than the one that started it.</summary>
    public static void RaiseOwn()
    {
        var inherited = int.Parse(SmallFile.ReadText("/proc/self/oom_score_adj"), CultureInfo.InvariantCulture);
        TrySet(Environment.ProcessId, Math.Min(inherited + 1, Highest));
    }

    /// <summary>Sets it, -1000 to 1000. False when the process is gone.</summary>
    /// <exception cref="LinuxException">EACCES: it is to be lowered and we lack CAP_SYS_RESOURCE.</exception>
    public static bool TrySet(int pid, int score)
    {
        try
        {
            SmallFile.Set($"/proc/{pid}/oom_score_adj", score.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (LinuxException gone) when (gone.Error is Errno.ENOENT or Errno.ESRCH)
        {
            return false;
        }
    }
}
