using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;
using Cri.Cli.Progress;
using Cri.Linux;
using Google.Protobuf;
using Grpc.Core;
using Command = System.CommandLine.Command;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image import</c>: images from an archive or a directory, without a registry.</summary>
internal static class ImportCommand
{
    private const string Description =
        "Import images from an OCI layout (a directory, or a tar, also compressed with gzip or zstd) or from an archive of docker save.";

    private const int ChunkSize = 256 * 1024;

    public static Command Create(GlobalOptions options)
    {
        var path = new Argument<string>("path") { Description = "A file or directory; - for standard input." };
        var name = new Option<string>("--name")
        {
            Description = "A name with a tag for the only image, or a repository that the archive's tags belong to.",
            DefaultValueFactory = _ => "",
        };
        var platform = new Option<string>("--platform")
        {
            Description = "os/architecture[/variant] to choose where there are several; the node's unless given.",
            DefaultValueFactory = _ => "",
        };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids, and no progress." };
        var command = new Command("import", Description) { path, name, platform, quiet };
        options.SetAction(command, (session, parsed) => RunAsync(
            session,
            parsed.GetValue(path)!,
            new ImportOptions { Name = parsed.GetValue(name), Platform = parsed.GetValue(platform) },
            parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string path, ImportOptions options, bool quiet)
    {
        var images = await CommandFailure.ExplainAsync($"import {path}", () => ImportAsync(session, path, options, quiet));
        if (session.Json)
        {
            session.Terminal.WriteLine(JsonText.Of("images", images));
        }
        else if (quiet)
        {
            images.ForEach(image => session.Terminal.WriteLine(image.ImageId));
        }
        else
        {
            var table = new TextTable("IMAGE", "IMAGE ID");
            images.ForEach(image => table.Add(string.Join(", ", image.Names), ShortId.Of(image.ImageId)));
            session.Terminal.Write(table.ToString());
        }

        return 0;
    }

    private static async Task<List<ImportedImage>> ImportAsync(Session session, string path, ImportOptions options, bool quiet)
    {
        // What lies on the node is read there; what can only be read once, a pipe for one, has to be sent.
        await using var stream = path == "-" ? session.Terminal.OpenInput() : OpenIfStream(path);
        options.Path = stream is null ? Path.GetFullPath(path) : "";
        var terminal = quiet ? session.Terminal with { IsInteractive = false } : session.Terminal;
        await using var display = new PullDisplay(terminal, $"importing {path}");
        using var call = session.CrispImages.Import(session.Options);
        var reading = ReadAsync(call.ResponseStream, display);
        await SendAsync(call.RequestStream, options, stream, session.Interrupted);
        return await reading;
    }

    private static async Task<List<ImportedImage>> ReadAsync(IAsyncStreamReader<ImportEvent> events, PullDisplay display)
    {
        List<ImportedImage> images = [];
        await foreach (var news in events.ReadAllAsync())
        {
            switch (news.EventCase)
            {
                case ImportEvent.EventOneofCase.Received:
                    display.Note($"sending the archive: {ByteSize.Of(news.Received)}");
                    break;
                case ImportEvent.EventOneofCase.Progress:
                    display.Update(news.Progress);
                    break;
                case ImportEvent.EventOneofCase.Image:
                    images.Add(news.Image);
                    break;
            }
        }

        return images;
    }

    // When the server ends the call early, what it says tells more than that it takes no more.
    private static async Task SendAsync(IClientStreamWriter<ImportRequest> requests, ImportOptions options, Stream? archive, CancellationToken interrupted)
    {
        try
        {
            await requests.WriteAsync(new ImportRequest { Options = options }, interrupted);
            var buffer = new byte[ChunkSize];
            int count;
            while (archive is not null && (count = await archive.ReadAsync(buffer, interrupted)) > 0)
            {
                await requests.WriteAsync(new ImportRequest { Chunk = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)) }, interrupted);
            }

            await requests.CompleteAsync();
        }
        catch (RpcException)
        {
        }
    }

    private static FileStream? OpenIfStream(string path)
    {
        using var place = PathFd.Open(path);
        return FileStatus.Of(place).Kind is FileKind.Regular or FileKind.Directory
            ? null
            : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
    }
}
