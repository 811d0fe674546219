namespace Cri.RuntimeService.Cni;

/// <summary>Lets one operation at a time be under way for each sandbox, as the CNI specification asks; others do not wait.</summary>
internal sealed class SandboxTurns
{
    private readonly Dictionary<string, Turn> _turns = [];

    /// <summary>Waits for the sandbox's turn; disposing what is returned ends it.</summary>
    internal async Task<IDisposable> TakeAsync(string sandboxId, CancellationToken cancellationToken)
    {
        Turn? turn;
        lock (_turns)
        {
            if (!_turns.TryGetValue(sandboxId, out turn))
            {
                _turns[sandboxId] = turn = new Turn(this, sandboxId);
            }

            turn.Users++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellationToken);
            return turn;
        }
        catch
        {
            Leave(turn);
            throw;
        }
    }

    private void Leave(Turn turn)
    {
        lock (_turns)
        {
            if (--turn.Users == 0)
            {
                _turns.Remove(turn.SandboxId);
                turn.Gate.Dispose();
            }
        }
    }

    private sealed class Turn(SandboxTurns turns, string sandboxId) : IDisposable
    {
        internal string SandboxId { get; } = sandboxId;

        internal SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Those who have the turn or wait for it.</summary>
        internal int Users { get; set; }

        public void Dispose()
        {
            Gate.Release();
            turns.Leave(this);
        }
    }
}
