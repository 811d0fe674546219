using Cri.Linux.Faults;

namespace Cri.Server;

/// <summary>The fault points as a test uses them: it lists them, and starts crispd with one of them in the environment.</summary>
public static class FaultInjection
{
    private const string Own = "CRISP_FAULT";
    private const string Shims = "CRISP_SHIM_FAULT";

    /// <summary>What --fault-points prints: the variable that arms each point, and what has happened by then.</summary>
    public static string Listing { get; } = string.Join(
        '\n', Lines(Own, FaultPoints.All).Concat(Lines(Shims, ShimFaultPoints.All)));

    /// <summary>Arms the point that the environment names. Throws <see cref="StartException"/> when there is none of that name.</summary>
    public static void Arm()
    {
        try
        {
            FaultPoint.Arm(Own, FaultPoints.All);
            FaultPoint.Check(Shims, ShimFaultPoints.All);
        }
        catch (ArgumentException unknown)
        {
            throw new StartException(unknown.Message);
        }
    }

    private static IEnumerable<string> Lines(string variable, IReadOnlyList<FaultPoint> points) =>
        points.Select(point => $"{variable}={point.Name}\t{point.Description}");
}
