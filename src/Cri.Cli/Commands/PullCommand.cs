using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp pull</c>: fetches an image.</summary>
internal static class PullCommand
{
    public static Command Create(GlobalOptions options)
    {
        var image = new Argument<string>("image") { Description = "A reference such as nginx:1.27 or registry.example/app@sha256:..." };
        var credentials = new Option<string?>("--creds") { Description = "USER:PASSWORD for the registry." };
        var command = new Command("pull", "Fetch an image from its registry.") { image, credentials };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(image)!, parsed.GetValue(credentials)));
        return command;
    }

    /// <summary>Fetches an image, showing progress, and returns its id.</summary>
    public static async Task<PullImageResponse> PullAsync(Session session, string image, AuthConfig? auth)
    {
        await using var progress = new ProgressLine(session.Terminal, $"pulling {image}");
        var request = new PullImageRequest { Image = new ImageSpec { Image = image, UserSpecifiedImage = image }, Auth = auth };
        return await CommandFailure.ExplainAsync($"pull {image}", session.Images.PullImageAsync(request, session.Options));
    }

    private static async Task<int> RunAsync(Session session, string image, string? credentials)
    {
        var pulled = await PullAsync(session, image, Auth(credentials));
        if (session.Json)
        {
            session.WriteJson(pulled);
        }
        else
        {
            session.Terminal.WriteLine(pulled.ImageRef);
        }

        return 0;
    }

    private static AuthConfig? Auth(string? credentials) => credentials?.Split(':', 2) switch
    {
        null => null,
        [{ Length: > 0 } user, var password] => new AuthConfig { Username = user, Password = password },
        _ => throw CommandFailure.OfUsage("--creds", "expected USER:PASSWORD"),
    };
}
