using System.CommandLine;
using System.Globalization;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image history</c>: the steps that made an image.</summary>
internal static class HistoryCommand
{
    private const int CommandWidth = 60;

    public static Command Create(GlobalOptions options)
    {
        var image = new Argument<string>("image") { Description = "A reference or id." };
        var whole = new Option<bool>("--no-trunc") { Description = "Show commands and layers whole." };
        var command = new Command("history", "Show the steps that made an image, the last one first.") { image, whole };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(image)!, parsed.GetValue(whole)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string image, bool whole)
    {
        var request = new InspectRequest { Image = image };
        var found = await CommandFailure.ExplainAsync($"history {image}", session.CrispImages.InspectAsync(request, session.Options));
        if (session.Json)
        {
            session.Terminal.WriteLine(JsonText.Of("history", found.History));
            return 0;
        }

        var now = DateTimeOffset.UtcNow;
        var table = new TextTable("CREATED", "LAYER", "SIZE", "CREATED BY");
        foreach (var step in found.History.Reverse())
        {
            var layer = whole ? step.DiffId : ShortId.Of(step.DiffId);
            table.Add(Created(step.Created, now), layer, step.EmptyLayer ? "0B" : ByteSize.Of(step.DiskSize), Shorten(OneLine(step), whole));
        }

        session.Terminal.Write(table.ToString());
        return 0;
    }

    private static string Created(string written, DateTimeOffset now) =>
        DateTimeOffset.TryParse(written, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? Age.Of(now - time) : "";

    private static string OneLine(HistoryStep step)
    {
        var text = step.CreatedBy.Length > 0 ? step.CreatedBy : step.Comment;
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static string Shorten(string text, bool whole) => whole || text.Length <= CommandWidth ? text : $"{text[..(CommandWidth - 1)]}…";
}
