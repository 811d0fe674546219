using Cri.Testing;
using Cri.Testing.Crispd;

namespace Cri.Faults.Kills;

/// <summary>A fault point of the binaries under test, as crispd lists it.</summary>
/// <param name="Variable">What arms it.</param>
/// <param name="Name">Its name, <c>flow.step</c>.</param>
public sealed record Fault(string Variable, string Name)
{
    /// <summary>The variable of crispd itself.</summary>
    public const string OfCrispd = "CRISP_FAULT";

    /// <summary>The variable of its shims.</summary>
    public const string OfShims = "CRISP_SHIM_FAULT";

    /// <summary>All there are, in the order of the flows.</summary>
    public static IReadOnlyList<Fault> All { get; } = [.. Command.Run(Artifacts.Binary("crispd"), "--fault-points")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>How often each is tried: the variable CRISP_FAULT_ROUNDS, else once.</summary>
    public static int Rounds { get; } = int.TryParse(Environment.GetEnvironmentVariable("CRISP_FAULT_ROUNDS"), out var rounds) ? rounds : 1;

    /// <summary>The flow that it lies in.</summary>
    public string Flow => Name.Split('.')[0];

    /// <summary>What arms it at a passage.</summary>
    public string At(int passage) => $"{Variable}={Name}:{passage}";

    private static Fault Parse(string line)
    {
        var parts = line.Split('=', '\t');
        Assert.True(parts is [OfCrispd or OfShims, { Length: > 0 }, { Length: > 0 }], $"not a fault point: \"{line}\"");
        return new Fault(parts[0], parts[1]);
    }
}
