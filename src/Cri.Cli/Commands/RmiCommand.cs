using System.CommandLine;
using Cri.Api.V1;

namespace Cri.Cli.Commands;

/// <summary><c>crisp rmi</c>: removes images.</summary>
internal static class RmiCommand
{
    public static Command Create(GlobalOptions options, string name = "rmi")
    {
        var images = new Argument<string[]>("image") { Description = "References or ids.", Arity = ArgumentArity.OneOrMore };
        var command = new Command(name, "Remove images and all their names.") { images };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(images)!));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] images)
    {
        foreach (var image in images)
        {
            // Removing what is not there is no error to the API; to somebody who mistyped a name it is.
            var found = await session.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = image } }, session.Options);
            var id = found.Image?.Id ?? throw new CommandFailure($"remove image {image}", "no such image");
            var request = new RemoveImageRequest { Image = new ImageSpec { Image = image } };
            await CommandFailure.ExplainAsync($"remove image {image}", session.Images.RemoveImageAsync(request, session.Options));
            session.Terminal.WriteLine(id);
        }

        return 0;
    }
}
