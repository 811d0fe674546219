using Cri.Stress.Histories;

namespace Cri.Stress.Models;

/// <summary>
/// Decides whether a history can be explained by a <see cref="Model"/>: whether there is one order of instants, each between the
/// start and the end of its call, in which the model goes through steps and gives every answer that was given.
/// <para>
/// It is the search of Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), in the form of Lowe's just-in-time
/// linearization: the history is read once, and beside it goes the set of all candidates, each a state of the model and what
/// is open of the calls under way. An end lets every candidate take all steps that the calls under way allow, and keeps those in
/// which the ended call has seen all it told of. An empty set is a violation: no order explains what the clients were told. The
/// search is exact: it never accepts what no order explains, and never refuses what one does.
/// </para>
/// <para>
/// A call that reads changes nothing, so that it costs nothing to let each part of its answer be seen as soon as it is true; that
/// keeps the set small. A call whose client gave up has no end: it may have its effect at any later time, or never.
/// </para>
/// </summary>
/// <param name="model">The specification.</param>
public sealed class LinearizabilityCheck(Model model)
{
    private const int MaxCandidates = 300_000;
    private readonly List<Pending> _calls = [];
    private HashSet<Candidate> _candidates = [];

    /// <summary>The greatest number of candidates there was.</summary>
    public int Widest { get; private set; } = 1;

    /// <summary>Checks the history; null when an order explains it, else what is wrong.</summary>
    /// <exception cref="InvalidOperationException">There are too many candidates to decide it.</exception>
    public string? Run(IReadOnlyList<Call> history)
    {
        _candidates = [new Candidate(model.Initial, [])];
        foreach (var (_, call, isEnd) in Ordered(history))
        {
            if (!isEnd)
            {
                Begin(model.Expect(call));
            }
            else if (!End(call))
            {
                return $"no order of the calls explains the answer of\n  {call}\npossible before it:\n{Possible()}";
            }
        }

        var last = Reachable();
        return last.Any(candidate => model.IsFinal(candidate.State)) ? null : $"no order of the calls leads to what was seen at the end; possible:\n{Words(last)}";
    }

    private static IEnumerable<(long Number, Call Call, bool IsEnd)> Ordered(IReadOnlyList<Call> history) =>
        history.Select(call => (call.Invoked, call, false))
            .Concat(history.Where(call => call.Returned != long.MaxValue).Select(call => (call.Returned, call, true)))
            .OrderBy(item => item.Item1)
            .ThenBy(item => item.Item3);

    private void Begin(Pending pending)
    {
        _calls.Add(pending);
        _candidates = [.. _candidates.Select(candidate => Observe(candidate with { Open = [.. candidate.Open, pending.AllOpen] }))];
    }

    private bool End(Call call)
    {
        var index = _calls.FindIndex(pending => ReferenceEquals(pending.Call, call));
        var before = _candidates;
        var ended = Reachable().Where(candidate => _calls[index].MayEnd(candidate.Open[index])).ToList();
        if (ended.Count == 0)
        {
            _candidates = before;
            return false;
        }

        _calls.RemoveAt(index);
        _candidates = [.. ended.Select(candidate => candidate with { Open = [.. candidate.Open[..index], .. candidate.Open[(index + 1)..]] })];
        return true;
    }

    private HashSet<Candidate> Reachable()
    {
        var reached = new HashSet<Candidate>(_candidates);
        var queue = new Queue<Candidate>(_candidates);
        while (queue.TryDequeue(out var candidate))
        {
            foreach (var step in model.Steps(new Situation(candidate.State, _calls, candidate.Open)))
            {
                var next = Observe(Take(candidate, step));
                if (reached.Add(next))
                {
                    queue.Enqueue(next);
                }
            }

            if (reached.Count > MaxCandidates)
            {
                throw new InvalidOperationException($"more than {MaxCandidates} candidates: too many calls overlap");
            }
        }

        Widest = Math.Max(Widest, reached.Count);
        return reached;
    }

    private static Candidate Take(Candidate candidate, Step step)
    {
        var state = candidate.State.ToArray();
        state[step.Variable] = step.Value;
        if (step.UsedCall < 0)
        {
            return candidate with { State = state };
        }

        var open = candidate.Open.ToArray();
        open[step.UsedCall] &= ~Pending.Unused;
        return new Candidate(state, open);
    }

    private Candidate Observe(Candidate candidate)
    {
        var now = new Situation(candidate.State, _calls, candidate.Open);
        var open = candidate.Open.ToArray();
        for (var call = 0; call < _calls.Count; call++)
        {
            var sees = _calls[call].Sees;
            for (var part = 0; part < sees.Count; part++)
            {
                if ((open[call] & (1UL << part)) != 0 && sees[part](now))
                {
                    open[call] &= ~(1UL << part);
                }
            }
        }

        return candidate with { Open = open };
    }

    private string Possible() => Words(Reachable()) + "under way:\n" + string.Concat(_calls.Select(pending => $"  {pending.Call}\n"));

    private string Words(IEnumerable<Candidate> candidates) =>
        string.Concat(candidates.Select(candidate => model.Describe(candidate.State)).Distinct().Take(20).Select(words => $"  {words}\n"));
}
