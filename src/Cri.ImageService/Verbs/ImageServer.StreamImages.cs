using Cri.Api.V1;
using Cri.Grpc;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>StreamImages.</summary>
public sealed partial class ImageServer
{
    /// <summary>Lists images as ListImages does, in parts.</summary>
    public override Task StreamImages(
        StreamImagesRequest request, IServerStreamWriter<StreamImagesResponse> responseStream, ServerCallContext context) =>
        ChunkedStream.WriteAsync(
            responseStream,
            Listed(request.Filter),
            item => item.CalculateSize(),
            items => new StreamImagesResponse { Images = { items } },
            context.CancellationToken);
}
