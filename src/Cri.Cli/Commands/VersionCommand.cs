using System.CommandLine;
using Cri.Api.V1;

namespace Cri.Cli.Commands;

/// <summary><c>crisp version</c>: who we are, and who answers.</summary>
internal static class VersionCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("version", "Show the versions of this client and of the runtime.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        var version = await CommandFailure.ExplainAsync("version", session.Runtime.VersionAsync(new VersionRequest { Version = "v1" }, session.Options));
        if (session.Json)
        {
            session.WriteJson(version);
            return 0;
        }

        session.Terminal.Write($"""
            crisp:    {typeof(VersionCommand).Assembly.GetName().Version?.ToString(3)}
            runtime:  {version.RuntimeName} {version.RuntimeVersion}
            CRI:      {version.RuntimeApiVersion}

            """);
        return 0;
    }
}
