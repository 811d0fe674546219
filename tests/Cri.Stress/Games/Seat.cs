namespace Cri.Stress.Games;

/// <summary>A place at the board: one game after the other is played there, by whoever sits down.</summary>
public sealed class Seat
{
    private readonly Lock _turn = new();
    private int _players;
    private int _moves;

    /// <summary>The game that is played; null while there is none.</summary>
    public PodGame? Game { get; private set; }

    /// <summary>Begins a game of so many moves.</summary>
    public void Begin(PodGame game, int moves)
    {
        lock (_turn)
        {
            (Game, _moves) = (game, moves);
        }
    }

    /// <summary>The game for one move; null when its moves are all taken.</summary>
    public PodGame? TryEnter()
    {
        lock (_turn)
        {
            if (Game is null || _moves == 0)
            {
                return null;
            }

            _moves--;
            _players++;
            return Game;
        }
    }

    /// <summary>Leaves after a move; true for the last one to leave a game whose moves are all taken: it has to end it.</summary>
    /// <param name="isOver">True to let the game end early.</param>
    public bool Leave(bool isOver)
    {
        lock (_turn)
        {
            _players--;
            _moves = isOver ? 0 : _moves;
            return _players == 0 && _moves == 0;
        }
    }
}
