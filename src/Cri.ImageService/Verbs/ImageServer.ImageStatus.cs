using System.Text;
using System.Text.Json;
using Cri.Api.V1;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>ImageStatus.</summary>
public sealed partial class ImageServer
{
    /// <summary>
    /// Describes an image by id, name or beginning of an id. An answer without an image means that it is not here. When verbose,
    /// <c>info</c> has under the key "info" a JSON object with the chain id and the image configuration, as containerd's has; of an
    /// artifact the manifest.
    /// </summary>
    public override Task<ImageStatusResponse> ImageStatus(ImageStatusRequest request, ServerCallContext context)
    {
        var response = new ImageStatusResponse();
        if (_images.Find(request.Image?.Image ?? "") is { } record)
        {
            response.Image = ImageMessage.From(record);
            if (request.Verbose)
            {
                response.Info.Add("info", VerboseInfo(record));
            }
        }

        return Task.FromResult(response);
    }

    private string VerboseInfo(ImageRecord record)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("chainID", ChainId.Of(record.DiffIds)?.ToString() ?? "");
            writer.WritePropertyName(record.Files is null ? "imageSpec" : "manifest");
            writer.WriteRawValue(_images.ReadConfiguration(record));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
