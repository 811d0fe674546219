using Cri.Stress.Histories;

namespace Cri.Stress.Models;

/// <summary>What may happen to the objects of one history: the specification that the answers are checked against.</summary>
public abstract class Model
{
    /// <summary>The state before the first call.</summary>
    public abstract byte[] Initial { get; }

    /// <summary>A call in terms of this model.</summary>
    public abstract Pending Expect(Call call);

    /// <summary>All steps that the calls under way allow.</summary>
    public abstract IEnumerable<Step> Steps(Situation now);

    /// <summary>True for a state in which the history may end.</summary>
    public abstract bool IsFinal(byte[] state);

    /// <summary>A state in words.</summary>
    public abstract string Describe(byte[] state);
}
