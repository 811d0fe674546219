using System.Runtime.CompilerServices;
using System.Text;

namespace Cri.Linux.Faults;

/// <summary>
/// A named place in a flow where a test can end the process as a crash would. <c>VARIABLE=name</c> makes the process send itself
/// SIGKILL when it comes there first, <c>VARIABLE=name:n</c> at the n-th time. Without the variable, which is <c>CRISP_FAULT</c> for
/// crispd and <c>CRISP_SHIM_FAULT</c> for its shims, a point costs one test of a flag.
/// </summary>
/// <param name="Name">The flow and how far it has come, such as <c>run-pod.recorded</c>.</param>
/// <param name="Description">What has happened by then, a line.</param>
public sealed record FaultPoint(string Name, string Description)
{
    private static bool _isArmed;
    private static string _armed = "";
    private static int _passages;

    /// <summary>
    /// Reads the variable and takes it out of the environment, so that no child process inherits it. Call it once, before any flow.
    /// </summary>
    /// <param name="variable">The environment variable.</param>
    /// <param name="points">The points there are.</param>
    /// <exception cref="ArgumentException">It names no such point, or its number is not a positive one.</exception>
    public static void Arm(string variable, IReadOnlyList<FaultPoint> points)
    {
        if (Check(variable, points) is { } armed)
        {
            Environment.SetEnvironmentVariable(variable, null);
            (_armed, _passages, _isArmed) = (armed.Name, armed.Passage, true);
        }
    }

    /// <summary>Reads the variable for a child process, which arms the point itself; null when it is not set.</summary>
    /// <inheritdoc cref="Arm"/>
    public static (string Name, int Passage)? Check(string variable, IReadOnlyList<FaultPoint> points)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
        {
            return null;
        }

        var parts = value.Split(':', 2);
        if (points.All(point => point.Name != parts[0]))
        {
            throw new ArgumentException($"{variable}={value}: there is no fault point \"{parts[0]}\"; crispd --fault-points lists them");
        }

        var passage = 1;
        if (parts.Length == 2 && (!int.TryParse(parts[1], out passage) || passage < 1))
        {
            throw new ArgumentException($"{variable}={value}: \"{parts[1]}\" is not the number of a passage, which is 1 or more");
        }

        return (parts[0], passage);
    }

    /// <summary>The flow has come to the point of this name; if that is the armed one, the process ends here.</summary>
    /// <param name="name">One of the names that <see cref="Arm"/> was told of.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Reach(string name)
    {
        if (_isArmed)
        {
            Pass(name);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Pass(string name)
    {
        if (name == _armed && Interlocked.Decrement(ref _passages) == 0)
        {
            using var standardError = new Fd(2);
            FdStream.WriteAll(standardError, Encoding.UTF8.GetBytes($"fault point {name} is reached\n"));
            Signals.Send(Environment.ProcessId, Signals.SigKill);
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
