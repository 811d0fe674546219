using Cri.Api.CrispV1;
using Cri.ImageService.Transfer.Export;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Export.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Exports images into the stream, or to a path of the node.</summary>
    public override async Task Export(ExportRequest request, IServerStreamWriter<ExportEvent> responseStream, ServerCallContext context)
    {
        var progress = new ExportProgressMessage();
        var options = new ExportOptions
        {
            Images = [.. request.Images],
            Form = request.Format == ExportFormat.DockerArchive ? ExportForm.Docker : ExportForm.Oci,
            Compress = request.Compress,
            Progress = progress.Report,
        };
        var exported = request switch
        {
            { Format: ExportFormat.OciDirectory, Path: "" } => throw new ImageException(StatusCode.InvalidArgument, "export: a directory needs a path"),
            { Path: "" } => await StreamAsync(options, responseStream, context.CancellationToken),
            _ => await WatchAsync(ExportToAsync(request, options, context.CancellationToken), () => progress.TellAsync(responseStream, context.CancellationToken)),
        };
        foreach (var image in exported)
        {
            var message = new Api.CrispV1.ExportedImage { ImageId = image.Id, ManifestDigest = image.Manifest, Unchanged = image.Unchanged };
            await responseStream.WriteAsync(new ExportEvent { Image = message }, context.CancellationToken);
        }
    }

    private Task<IReadOnlyList<Transfer.Export.ExportedImage>> ExportToAsync(ExportRequest request, ExportOptions options, CancellationToken cancellation)
    {
        var path = CheckPath("export", request.Path);
        return request.Format == ExportFormat.OciDirectory
            ? _exporter.ExportDirectoryAsync(options, path, cancellation)
            : _exporter.ExportFileAsync(options, path, cancellation);
    }

    // Whoever gets the bytes sees by them how far it is.
    private async Task<IReadOnlyList<Transfer.Export.ExportedImage>> StreamAsync(
        ExportOptions options, IServerStreamWriter<ExportEvent> responses, CancellationToken cancellation)
    {
        await using var output = new ExportChunks(responses);
        return await _exporter.ExportAsync(options, output, cancellation);
    }

    private sealed class ExportProgressMessage
    {
        private volatile string _subject = "";
        private long _bytes;

        internal void Report(string subject, long bytes, long total)
        {
            _subject = subject;
            Interlocked.Exchange(ref _bytes, bytes);
        }

        internal Task TellAsync(IServerStreamWriter<ExportEvent> stream, CancellationToken cancellation) =>
            stream.WriteAsync(new ExportEvent { Progress = new ExportProgress { Subject = _subject, BytesDone = (ulong)Interlocked.Read(ref _bytes) } }, cancellation);
    }
}
