using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp info</c>: the runtime's health and abilities.</summary>
internal static class InfoCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("info", "Show the runtime's conditions, handlers and details.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        var status = await CommandFailure.ExplainAsync("info", session.Runtime.StatusAsync(new StatusRequest { Verbose = true }, session.Options));
        if (session.Json)
        {
            session.WriteJson(status);
            return 0;
        }

        session.Terminal.Write(Conditions(status).ToString());
        session.Terminal.Write("\n" + Handlers(status));
        foreach (var (key, value) in status.Info.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            session.Terminal.WriteLine($"\n{key}: {value}");
        }

        return 0;
    }

    private static TextTable Conditions(StatusResponse status)
    {
        var table = new TextTable("CONDITION", "STATUS", "REASON", "MESSAGE");
        foreach (var condition in status.Status?.Conditions ?? [])
        {
            table.Add(condition.Type, condition.Status ? "yes" : "NO", condition.Reason, condition.Message);
        }

        return table;
    }

    private static TextTable Handlers(StatusResponse status)
    {
        var table = new TextTable("HANDLER", "USER NAMESPACES", "RECURSIVE READ-ONLY");
        foreach (var handler in status.RuntimeHandlers)
        {
            table.Add(
                handler.Name.Length > 0 ? handler.Name : "(default)",
                handler.Features?.UserNamespaces == true ? "yes" : "no",
                handler.Features?.RecursiveReadOnlyMounts == true ? "yes" : "no");
        }

        return table;
    }
}
