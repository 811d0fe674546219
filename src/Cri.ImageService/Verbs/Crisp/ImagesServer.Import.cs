using System.IO.Pipelines;
using Cri.Api.CrispV1;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Import.</summary>
public sealed partial class ImagesServer
{
    // How far the client may run ahead of what is taken down, in bytes.
    private const int ImportWindow = 4 << 20;

    /// <summary>Imports an archive from a path of the node or from the stream, and tells how far that is.</summary>
    public override async Task Import(
        IAsyncStreamReader<ImportRequest> requestStream, IServerStreamWriter<ImportEvent> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.Options is not { } asked)
        {
            throw new ImageException(StatusCode.InvalidArgument, "import: the first message holds no options");
        }

        var progress = new ImportProgress();
        var options = new Transfer.Import.ImportOptions
        {
            Name = asked.Name,
            Platform = PlatformOf(asked.Platform),
            Progress = progress.Follow,
        };
        var import = asked.Path.Length > 0
            ? _importer.ImportAsync(CheckPath("import", asked.Path), options, context.CancellationToken)
            : ReceiveAsync(requestStream, options, progress, context.CancellationToken);
        var images = await WatchAsync(import, () => progress.TellAsync(responseStream, context.CancellationToken));
        foreach (var image in images)
        {
            var message = new ImportedImage { ImageId = image.Record.Id, Names = { image.Names } };
            await responseStream.WriteAsync(new ImportEvent { Image = message }, context.CancellationToken);
        }
    }

    private async Task<IReadOnlyList<Transfer.Import.ImportedImage>> ReceiveAsync(
        IAsyncStreamReader<ImportRequest> requests, Transfer.Import.ImportOptions options, ImportProgress progress, CancellationToken cancellation)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: ImportWindow, resumeWriterThreshold: ImportWindow / 2, useSynchronizationContext: false));
        var receiving = ReceiveAsync(requests, pipe.Writer, progress, cancellation);
        try
        {
            return await _importer.ImportAsync(pipe.Reader.AsStream(), options, cancellation);
        }
        finally
        {
            await pipe.Reader.CompleteAsync();
            await receiving;
        }
    }

    // Never throws: what went wrong is told to the reader of the pipe.
    private static async Task ReceiveAsync(
        IAsyncStreamReader<ImportRequest> requests, PipeWriter archive, ImportProgress progress, CancellationToken cancellation)
    {
        try
        {
            while (await requests.MoveNext(cancellation))
            {
                var chunk = requests.Current.Chunk.Memory;
                progress.Receive(chunk.Length);
                if ((await archive.WriteAsync(chunk, cancellation)).IsCompleted)
                {
                    break;
                }
            }

            await archive.CompleteAsync();
        }
        catch (IOException error)
        {
            await archive.CompleteAsync(new ImageException(StatusCode.Cancelled, "the client went away before its end", error));
        }
        catch (Exception error)
        {
            await archive.CompleteAsync(error);
        }
    }

    private static string CheckPath(string what, string path) => path.StartsWith('/')
        ? path
        : throw new ImageException(StatusCode.InvalidArgument, $"{what} {path}: the path is not absolute");

    private static Platform PlatformOf(string platform)
    {
        try
        {
            return platform.Length > 0 ? Platform.Parse(platform) : Platform.Host;
        }
        catch (FormatException error)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"import: {error.Message}", error);
        }
    }

    private sealed class ImportProgress
    {
        private long _received;
        private long _told;
        private volatile Func<Pull.PullProgress>? _pull;

        internal void Receive(int bytes) => Interlocked.Add(ref _received, bytes);

        internal void Follow(Func<Pull.PullProgress> pull) => _pull = pull;

        internal async Task TellAsync(IServerStreamWriter<ImportEvent> stream, CancellationToken cancellation)
        {
            var received = Interlocked.Read(ref _received);
            if (received != _told)
            {
                _told = received;
                await stream.WriteAsync(new ImportEvent { Received = (ulong)received }, cancellation);
            }

            if (_pull is { } pull)
            {
                await stream.WriteAsync(new ImportEvent { Progress = ProgressMessage.From(pull()) }, cancellation);
            }
        }
    }
}
