using System.Text;

namespace Cri.Cli.Tests;

/// <summary>What a command draws, to be looked at while it runs.</summary>
internal sealed class ScreenStream : MemoryStream
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    /// <summary>Everything so far, control sequences too.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        lock (_lock)
        {
            _text.Append(Encoding.UTF8.GetString(buffer, offset, count));
        }
    }

    /// <summary>Waits until something is drawn, at most two minutes.</summary>
    public async Task UntilAsync(string part)
    {
        for (var tries = 0; tries < 2400 && !Text.Contains(part, StringComparison.Ordinal); tries++)
        {
            await Task.Delay(50);
        }
    }
}
