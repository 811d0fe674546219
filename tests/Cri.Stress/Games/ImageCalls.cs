using Cri.Api.V1;
using Cri.Stress.Histories;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>The RPCs about one image, recorded in its history.</summary>
/// <param name="caller">Who calls.</param>
/// <param name="game">The image.</param>
public sealed class ImageCalls(Caller caller, ImageGame game)
{
    private ImageSpec Spec => new() { Image = game.Reference };

    /// <summary>PullImage.</summary>
    public Task<Answer> PullAsync(TimeSpan? patience) => Record(Verb.PullImage, patience, async token =>
        (await caller.Images.PullImageAsync(new PullImageRequest { Image = Spec }, cancellationToken: token)).ImageRef);

    /// <summary>RemoveImage.</summary>
    public Task<Answer> RemoveAsync(TimeSpan? patience) => Record(Verb.RemoveImage, patience, async token =>
    {
        await caller.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec }, cancellationToken: token);
        return "";
    });

    /// <summary>ImageStatus.</summary>
    public Task<Answer> StatusAsync() => Record(Verb.ImageStatus, null, async token =>
        (await caller.Images.ImageStatusAsync(new ImageStatusRequest { Image = Spec }, cancellationToken: token)).Image?.Id ?? "");

    /// <summary>ListImages.</summary>
    public Task<Answer> ListAsync() => Record(Verb.ListImages, null, async token =>
    {
        var request = new ListImagesRequest { Filter = new ImageFilter { Image = Spec } };
        return string.Join(' ', (await caller.Images.ListImagesAsync(request, cancellationToken: token)).Images.Select(image => image.Id));
    });

    private Task<Answer> Record(Verb verb, TimeSpan? patience, Func<CancellationToken, Task<string>> send) => Caller.RecordAsync(
        new Call(verb, game.Reference, 0), patience, async token => new Answer(StatusCode.OK, await send(token)), game.History);
}
