using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;
using Cri.Cli.Progress;
using Grpc.Core;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image verify</c>: is what lies on disk what was pulled? Exits with 1 when it is not.</summary>
internal static class VerifyCommand
{
    public static Command Create(GlobalOptions options)
    {
        var images = new Argument<string[]>("image") { Description = "References or ids; all images when none is given.", Arity = ArgumentArity.ZeroOrMore };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Show no progress, and only what is damaged." };
        var command = new Command("verify", "Read images back and compare every byte with their digests. Exits with 1 when something is damaged.") { images, quiet };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(images)!, parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] images, bool quiet)
    {
        var (damages, summary) = await CommandFailure.ExplainAsync("verify images", () => VerifyAsync(session, images, quiet));
        if (session.Json)
        {
            session.Terminal.WriteLine(JsonText.Of("damages", damages));
        }
        else
        {
            Show(session, damages, summary, quiet);
        }

        return damages.Count == 0 ? 0 : 1;
    }

    private static async Task<(List<Damage> Damages, VerifySummary Summary)> VerifyAsync(Session session, string[] images, bool quiet)
    {
        var terminal = quiet ? session.Terminal with { IsInteractive = false } : session.Terminal;
        await using var display = new CountDisplay(terminal, "verifying");
        using var call = session.CrispImages.Verify(new VerifyRequest { Images = { images } }, session.Options);
        List<Damage> damages = [];
        var summary = new VerifySummary();
        await foreach (var news in call.ResponseStream.ReadAllAsync())
        {
            switch (news.EventCase)
            {
                case VerifyEvent.EventOneofCase.Progress:
                    display.Set(news.Progress.BytesDone, news.Progress.BytesTotal, news.Progress.Subject);
                    break;
                case VerifyEvent.EventOneofCase.Damage:
                    damages.Add(news.Damage);
                    break;
                case VerifyEvent.EventOneofCase.Summary:
                    summary = news.Summary;
                    break;
            }
        }

        return (damages, summary);
    }

    private static void Show(Session session, List<Damage> damages, VerifySummary summary, bool quiet)
    {
        if (damages.Count > 0)
        {
            var table = new TextTable("IMAGE ID", "CONTENT", "REPAIR", "PROBLEM");
            damages.ForEach(damage => table.Add(
                string.Join(",", damage.ImageIds.Select(ShortId.Of)), ShortId.Of(damage.Digest), damage.MarkedForRepair ? "next pull" : "none", damage.Problem));
            session.Terminal.Write(table.ToString());
        }

        if (!quiet)
        {
            session.Terminal.WriteLine(
                $"{summary.Images} images, {summary.Layers} layers, {ByteSize.Of(summary.Bytes)}: {(damages.Count == 0 ? "whole" : $"{damages.Count} damaged")}");
        }
    }
}
