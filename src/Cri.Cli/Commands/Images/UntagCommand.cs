using System.CommandLine;
using Cri.Api.CrispV1;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image untag</c>: takes names away, and leaves the images.</summary>
internal static class UntagCommand
{
    public static Command Create(GlobalOptions options)
    {
        var names = new Argument<string[]>("name") { Description = "Names of images, not ids.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("untag", "Take names from images; the images stay until they are removed or pruned.") { names };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(names)!));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] names)
    {
        var request = new UntagRequest { Names = { names } };
        var untagged = await CommandFailure.ExplainAsync($"untag {string.Join(", ", names)}", session.CrispImages.UntagAsync(request, session.Options));
        if (session.Json)
        {
            session.WriteJson(untagged);
        }
        else
        {
            untagged.ImageIds.ToList().ForEach(session.Terminal.WriteLine);
        }

        return 0;
    }
}
