using System.CommandLine;
using Cri.Api.CrispV1;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image tag</c>: one more name for an image.</summary>
internal static class TagCommand
{
    public static Command Create(GlobalOptions options)
    {
        var image = new Argument<string>("image") { Description = "A reference or id." };
        var names = new Argument<string[]>("name") { Description = "The new names; one that another image has moves.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("tag", "Give an image more names.") { image, names };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(image)!, parsed.GetValue(names)!));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string image, string[] names)
    {
        foreach (var name in names)
        {
            var request = new TagRequest { Image = image, Name = name };
            var tagged = await CommandFailure.ExplainAsync($"tag {image} as {name}", session.CrispImages.TagAsync(request, session.Options));
            if (session.Json)
            {
                session.WriteJson(tagged);
            }
            else
            {
                session.Terminal.WriteLine(tagged.Name);
            }
        }

        return 0;
    }
}
