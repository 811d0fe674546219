namespace Cri.Stress.Histories;

/// <summary>A call as a client made it: when it was sent, when the answer was there, and what it said.</summary>
/// <param name="Verb">The RPC.</param>
/// <param name="Subject">The id or name it was about.</param>
/// <param name="Invoked">A number smaller than that of everything that happened after it was sent.</param>
public sealed record Call(Verb Verb, string Subject, long Invoked)
{
    /// <summary>The second argument, such as a container's name, a variant, a limit.</summary>
    public string Argument { get; init; } = "";

    /// <summary>The number of its end; of one whose client gave up, infinite: it may take effect at any time later, or never.</summary>
    public long Returned { get; init; } = long.MaxValue;

    /// <summary>What was answered.</summary>
    public Answer Answer { get; init; } = Answer.Unknown;

    /// <summary>A line for whoever reads a history.</summary>
    public override string ToString() =>
        $"[{Invoked,7} .. {(Returned == long.MaxValue ? "gave up" : Returned),7}] {Verb} {Short(Subject)} {Short(Argument)} -> {Answer}";

    private static string Short(string id) => id.Length == 64 ? id[..12] : id;
}
