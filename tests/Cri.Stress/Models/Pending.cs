using Cri.Stress.Histories;

namespace Cri.Stress.Models;

/// <summary>A call in the model's terms.</summary>
/// <param name="Call">The call.</param>
/// <param name="Sees">What its answer says; each must have held at one instant between its start and its end, not all at the same.</param>
public sealed record Pending(Call Call, IReadOnlyList<Func<Situation, bool>> Sees)
{
    /// <summary>The bit of <see cref="Candidate.Open"/> for an effect that the call has once at most, and did not have yet.</summary>
    public const ulong Unused = 1UL << 63;

    /// <summary>True when the answer says that it had its effect, so that it may not end without.</summary>
    public bool EffectRequired { get; init; }

    /// <summary>Open at its start: all that it sees, and its effect.</summary>
    public ulong AllOpen => (((1UL << Sees.Count) - 1) & ~Unused) | Unused;

    /// <summary>True when it may end, with this left open.</summary>
    public bool MayEnd(ulong open) => (open & ~Unused) == 0 && !(EffectRequired && (open & Unused) != 0);
}
