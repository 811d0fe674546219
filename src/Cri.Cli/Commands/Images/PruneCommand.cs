using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image prune</c>: removes images that nobody uses.</summary>
internal static class PruneCommand
{
    public static Command Create(GlobalOptions options)
    {
        var all = new Option<bool>("--all", "-a") { Description = "Images with names too, as long as no container uses them." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would go." };
        var command = new Command("prune", "Remove images without a name that no container uses. Pinned ones stay.") { all, dryRun };
        options.SetAction(command, (session, parsed) => RunAsync(
            session, new PruneRequest { All = parsed.GetValue(all), DryRun = parsed.GetValue(dryRun) }));
        return command;
    }

    private static async Task<int> RunAsync(Session session, PruneRequest request)
    {
        var pruned = await PruneAsync(session, request);
        if (session.Json)
        {
            session.WriteJson(pruned);
            return 0;
        }

        if (pruned.Images.Count > 0)
        {
            var table = new TextTable("IMAGE ID", "FREES", "NAMES");
            pruned.Images.ToList().ForEach(image => table.Add(ShortId.Of(image.ImageId), ByteSize.Of(image.Bytes), Names(image)));
            session.Terminal.Write(table.ToString());
        }

        session.Terminal.WriteLine($"{(request.DryRun ? "would free" : "freed")} {ByteSize.Of(pruned.Bytes)}");
        return 0;
    }

    private static async Task<PruneResponse> PruneAsync(Session session, PruneRequest request)
    {
        await using var progress = new ProgressLine(session.Terminal, "pruning images");
        return await CommandFailure.ExplainAsync("prune images", session.CrispImages.PruneAsync(request, session.Options));
    }

    // Digests only where there is nothing shorter.
    private static string Names(PrunedImage image)
    {
        var tags = image.Names.Where(name => !name.Contains('@')).ToList();
        return string.Join(", ", tags.Count > 0 ? tags : image.Names);
    }
}
