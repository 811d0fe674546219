namespace Cri.Faults.Kills;

/// <summary>One life beside the bystander, with what may happen in between: a death of crispd, at any moment and more than once.</summary>
public sealed class KillTrial(KillNode node)
{
    private readonly Life _life = new(node);
    private bool _isEndTold;

    /// <summary>How often crispd has died.</summary>
    public int Deaths { get; private set; }

    /// <summary>Starts a container of the bystander that will end while crispd is dead.</summary>
    public Task BeginAsync() => node.Bystander.PrepareEndAsync();

    /// <summary>Starts crispd anew with a fault, which may be the death of it at once.</summary>
    public async Task ArmAsync(string fault)
    {
        if (!await node.ArmAsync(fault))
        {
            await ReviveAsync();
        }
    }

    /// <summary>Leads the life to its end; whenever crispd dies it is started again, and the step done again.</summary>
    public Task LiveAsync() => LiveAsync(ReviveAsync);

    /// <summary>As <see cref="LiveAsync()"/>, with something else to be done at the death of crispd.</summary>
    public async Task LiveAsync(Func<Task> revive)
    {
        foreach (var step in _life.Steps)
        {
            while (!await node.SurvivesAsync(step))
            {
                await revive();
            }
        }
    }

    /// <summary>Starts crispd after its death.</summary>
    public Task ReviveAsync() => ReviveAsync(node.ReviveAsync);

    /// <summary>Counts a death and has crispd started in this way; what ended meanwhile is told of rightly.</summary>
    public async Task ReviveAsync(Func<Task> start)
    {
        Deaths++;
        if (_isEndTold)
        {
            await start();
            return;
        }

        var from = Now;
        await node.Bystander.EndOneAsync();
        var to = Now;
        await start();
        await node.Bystander.CheckEndAsync(from, to);
        _isEndTold = true;
    }

    /// <summary>Nothing of the life is left, and the bystander has noticed nothing.</summary>
    public async Task EndAsync()
    {
        _life.RemoveTraces();
        if (!_isEndTold)
        {
            var from = Now;
            await node.Bystander.EndOneAsync();
            await node.Bystander.CheckEndAsync(from, Now);
        }

        await node.Bystander.CheckAsync();
        await node.CheckLeftoversAsync();
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
}
