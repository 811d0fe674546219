using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp gc</c>: gets rid of what is left of pods and containers that nobody knows.</summary>
internal static class GcCommand
{
    public static Command Create(GlobalOptions options)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would go." };
        var command = new Command("gc", "Remove what is left of pods and containers that nobody knows.") { dryRun };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(dryRun)));
        return command;
    }

    // 1 when something could not be removed.
    private static async Task<int> RunAsync(Session session, bool dryRun)
    {
        var found = await CollectAsync(session, dryRun);
        var failed = found.Findings.Count(finding => finding.Error.Length > 0);
        if (session.Json)
        {
            session.WriteJson(found);
            return failed == 0 ? 0 : 1;
        }

        if (found.Findings.Count > 0)
        {
            session.Terminal.Write(Table(found, dryRun).ToString());
        }

        var count = found.Findings.Count - failed;
        session.Terminal.WriteLine($"{(dryRun ? "would remove" : "removed")} {count}{(failed > 0 ? $", could not remove {failed}" : "")}");
        return failed == 0 ? 0 : 1;
    }

    private static TextTable Table(CollectGarbageResponse found, bool dryRun)
    {
        var table = new TextTable("KIND", "OBJECT", "ACTION", "WHY", "PATH");
        foreach (var finding in found.Findings)
        {
            var why = finding.Error.Length > 0 ? $"{finding.Why}; not yet: {finding.Error}" : finding.Why;
            table.Add(finding.Kind, ShortId.Of(finding.Object), dryRun || finding.Error.Length > 0 ? finding.Action : $"{finding.Action}: done", why, finding.Path);
        }

        return table;
    }

    private static async Task<CollectGarbageResponse> CollectAsync(Session session, bool dryRun)
    {
        await using var progress = new ProgressLine(session.Terminal, "looking for what nobody owns");
        return await CommandFailure.ExplainAsync(
            "gc", session.CrispNode.CollectGarbageAsync(new CollectGarbageRequest { DryRun = dryRun }, session.Options));
    }
}
