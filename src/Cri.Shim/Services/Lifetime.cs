using Cri.Linux.Faults;
using Cri.Shim.Containerd;
using Cri.Shim.Loop;

namespace Cri.Shim.Services;

/// <summary>Ends the shim.</summary>
internal sealed class Lifetime(EventLoop loop, EventPublisher events, string? socketPath)
{
    // The answer is written before any timer is looked at; this is for one that has to wait for its reader.
    private static readonly TimeSpan _answerTime = TimeSpan.FromMilliseconds(1);
    private bool _isEnding;

    /// <summary>Ends the shim once the answer to the call that asked for it, and events before it, are sent.</summary>
    public void End()
    {
        if (!_isEnding)
        {
            _isEnding = true;
            _ = EndAsync();
        }
    }

    private async Task EndAsync()
    {
        await loop.Delay(_answerTime);
        await events.FlushAsync();
        if (socketPath is not null)
        {
            File.Delete(socketPath);
        }

        FaultPoint.Reach(ShimFaultPoints.ShimEnding);
        loop.Stop();
    }
}
