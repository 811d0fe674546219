using System.Runtime.CompilerServices;
using Cri.Api.CrispV1;

namespace Cri.ImageService;

/// <summary>The progress of a pull as a message.</summary>
internal static class ProgressMessage
{
    internal static PullProgress From(Pull.PullProgress progress)
    {
        var message = new PullProgress
        {
            Reference = progress.Reference,
            StartedAt = (progress.StartedAt - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
        };
        message.Layers.AddRange(progress.Layers.Select(From));
        return message;
    }

    private static LayerProgress From(Pull.LayerProgress layer) => new()
    {
        Digest = layer.Digest,
        Size = (ulong)layer.BytesTotal,
        Done = (ulong)layer.BytesDone,
        State = layer.State switch
        {
            Pull.LayerState.Waiting => LayerState.LayerWaiting,
            Pull.LayerState.Downloading => LayerState.LayerDownloading,
            Pull.LayerState.Extracting => LayerState.LayerExtracting,
            Pull.LayerState.Done => LayerState.LayerDone,
            Pull.LayerState.Present => LayerState.LayerPresent,
            _ => throw new SwitchExpressionException(layer.State),
        },
    };
}
