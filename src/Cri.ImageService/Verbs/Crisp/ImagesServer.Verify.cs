using System.Runtime.CompilerServices;
using Cri.Api.CrispV1;
using Cri.ImageService.Integrity;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Verify.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Reads images back from disk, tells how far that is and what is damaged, and ends with a sum.</summary>
    public override async Task Verify(VerifyRequest request, IServerStreamWriter<VerifyEvent> responseStream, ServerCallContext context)
    {
        await foreach (var news in _verification.RunAsync([.. request.Images], context.CancellationToken))
        {
            await responseStream.WriteAsync(From(news), context.CancellationToken);
        }
    }

    private static VerifyEvent From(VerificationEvent news) => news switch
    {
        VerificationProgress progress => new VerifyEvent
        {
            Progress = new VerifyProgress
            {
                Subject = progress.Subject,
                BytesDone = (ulong)progress.BytesDone,
                BytesTotal = (ulong)progress.BytesTotal,
            },
        },
        ContentDamage damage => new VerifyEvent
        {
            Damage = new Damage
            {
                ImageIds = { damage.ImageIds },
                Digest = damage.Digest,
                Problem = damage.Problem,
                MarkedForRepair = damage.IsMarked,
            },
        },
        VerificationSummary summary => new VerifyEvent
        {
            Summary = new VerifySummary
            {
                Images = (uint)summary.Images,
                Layers = (uint)summary.Layers,
                Bytes = (ulong)summary.Bytes,
                Damaged = (uint)summary.Damaged,
            },
        },
        _ => throw new SwitchExpressionException(news),
    };
}
