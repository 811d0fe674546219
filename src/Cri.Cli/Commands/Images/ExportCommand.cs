using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;
using Cri.Cli.Progress;
using Grpc.Core;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image export</c>: images to an archive or a directory, for other tools and machines.</summary>
internal static class ExportCommand
{
    private static readonly Dictionary<string, ExportFormat> _formats = new()
    {
        ["oci-archive"] = ExportFormat.OciArchive,
        ["docker-archive"] = ExportFormat.DockerArchive,
        ["oci"] = ExportFormat.OciDirectory,
    };

    public static Command Create(GlobalOptions options)
    {
        var images = new Argument<string[]>("image") { Description = "References or ids.", Arity = ArgumentArity.OneOrMore };
        var to = new Option<string>("--to", "-t") { Description = "The file, or for oci the new or empty directory; - for standard output.", DefaultValueFactory = _ => "-" };
        var format = new Option<string>("--format", "-f")
        {
            Description = "oci-archive: a tar of an OCI layout; docker-archive: as docker save writes it; oci: a directory.",
            DefaultValueFactory = _ => "oci-archive",
        };
        format.AcceptOnlyFromAmong([.. _formats.Keys]);
        var compress = new Option<bool>("--compress") { Description = "Compress with gzip the layers whose compressed form was not kept." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Show no progress, and no result." };
        var command = new Command("export", "Export images for other tools and machines.") { images, to, format, compress, quiet };
        options.SetAction(command, (session, parsed) => RunAsync(
            session,
            new ExportRequest
            {
                Images = { parsed.GetValue(images)! },
                Format = _formats[parsed.GetValue(format)!],
                Compress = parsed.GetValue(compress),
            },
            parsed.GetValue(to)!,
            parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, ExportRequest request, string to, bool quiet)
    {
        if (to == "-" && request.Format == ExportFormat.OciDirectory)
        {
            throw CommandFailure.OfUsage("--to", "the directory is missing");
        }

        if (to == "-" && session.Terminal.IsOutputTerminal)
        {
            throw CommandFailure.OfUsage("--to", "standard output is a terminal; name a file, or redirect it");
        }

        var exported = await CommandFailure.ExplainAsync($"export {string.Join(", ", request.Images)}", () => ExportAsync(session, request, to, quiet));
        Show(session, exported, toOutput: to == "-", quiet);
        return 0;
    }

    private static async Task<List<ExportedImage>> ExportAsync(Session session, ExportRequest request, string to, bool quiet)
    {
        var terminal = quiet ? session.Terminal with { IsInteractive = false } : session.Terminal;
        await using var display = new CountDisplay(terminal, $"exporting {string.Join(", ", request.Images)}");
        if (request.Format == ExportFormat.OciDirectory)
        {
            request.Path = Path.GetFullPath(to);
            return await ReadAsync(session, request, Stream.Null, display);
        }

        if (to == "-")
        {
            return await ReadAsync(session, request, session.Terminal.Out, display);
        }

        using var file = UnfinishedFile.Create(to);
        var exported = await ReadAsync(session, request, file.Stream, display);
        file.Finish();
        return exported;
    }

    private static async Task<List<ExportedImage>> ReadAsync(Session session, ExportRequest request, Stream output, CountDisplay display)
    {
        List<ExportedImage> images = [];
        using var call = session.CrispImages.Export(request, session.Options);
        await foreach (var news in call.ResponseStream.ReadAllAsync())
        {
            switch (news.EventCase)
            {
                case ExportEvent.EventOneofCase.Chunk:
                    await output.WriteAsync(news.Chunk.Memory, session.Interrupted);
                    display.Add((ulong)news.Chunk.Length);
                    break;
                case ExportEvent.EventOneofCase.Progress:
                    display.Set(news.Progress.BytesDone);
                    break;
                case ExportEvent.EventOneofCase.Image:
                    images.Add(news.Image);
                    break;
            }
        }

        await output.FlushAsync(session.Interrupted);
        return images;
    }

    // Beside the bytes of an archive there is no room for words on standard output.
    private static void Show(Session session, List<ExportedImage> images, bool toOutput, bool quiet)
    {
        if (quiet || toOutput)
        {
            return;
        }

        if (session.Json)
        {
            session.Terminal.WriteLine(JsonText.Of("images", images));
            return;
        }

        var table = new TextTable("IMAGE ID", "MANIFEST", "UNCHANGED");
        images.ForEach(image => table.Add(ShortId.Of(image.ImageId), image.ManifestDigest, image.Unchanged ? "yes" : "no"));
        session.Terminal.Write(table.ToString());
    }
}
