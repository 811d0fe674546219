using Cri.Stress.Histories;

namespace Cri.Stress.Models;

/// <summary>One possible state of the world at an instant: the objects, and what is still open of each call under way.</summary>
/// <param name="State">A byte for each variable of the model.</param>
/// <param name="Open">What is still open, in the order of the calls under way.</param>
public sealed record Candidate(byte[] State, ulong[] Open)
{
    /// <inheritdoc/>
    public bool Equals(Candidate? other) => other is not null
        && State.AsSpan().SequenceEqual(other.State) && Open.AsSpan().SequenceEqual(other.Open);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(State);
        foreach (var open in Open)
        {
            hash.Add(open);
        }

        return hash.ToHashCode();
    }
}

/// <summary>A candidate together with the calls under way, which is what predicates and transitions look at.</summary>
/// <param name="State">A byte for each variable of the model.</param>
/// <param name="Calls">The calls under way.</param>
/// <param name="Open">What is still open of each.</param>
public readonly record struct Situation(byte[] State, IReadOnlyList<Pending> Calls, ulong[] Open)
{
    /// <summary>The indexes of the calls under way that pass.</summary>
    public IEnumerable<int> Where(Func<Call, bool> passes)
    {
        for (var index = 0; index < Calls.Count; index++)
        {
            if (passes(Calls[index].Call))
            {
                yield return index;
            }
        }
    }

    /// <summary>True when the call did not have its effect yet.</summary>
    public bool IsUnused(int call) => (Open[call] & Pending.Unused) != 0;
}

/// <summary>A step of the model: a variable gets a value, and possibly a call has had its effect.</summary>
/// <param name="Variable">The variable's index.</param>
/// <param name="Value">Its new value.</param>
/// <param name="UsedCall">The index of the call that has had its effect thereby; -1 for none.</param>
public readonly record struct Step(int Variable, byte Value, int UsedCall = -1);
