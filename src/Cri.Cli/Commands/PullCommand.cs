using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Api.V1;
using Cri.Cli.Output;
using Cri.Cli.Progress;
using Grpc.Core;

namespace Cri.Cli.Commands;

/// <summary><c>crisp pull</c>: fetches an image.</summary>
internal static class PullCommand
{
    public static Command Create(GlobalOptions options)
    {
        var image = new Argument<string>("image") { Description = "A reference such as nginx:1.27 or registry.example/app@sha256:..." };
        var credentials = new Option<string?>("--creds") { Description = "USER:PASSWORD for the registry." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Show no progress." };
        var command = new Command("pull", "Fetch an image from its registry, showing each layer on a terminal.") { image, credentials, quiet };
        options.SetAction(
            command, (session, parsed) => RunAsync(session, parsed.GetValue(image)!, parsed.GetValue(credentials), parsed.GetValue(quiet)));
        return command;
    }

    /// <summary>Fetches an image, showing progress, and returns its id.</summary>
    public static async Task<PullImageResponse> PullAsync(Session session, string image, AuthConfig? auth, bool quiet = false) =>
        await CommandFailure.ExplainAsync($"pull {image}", async () =>
        {
            var terminal = quiet ? session.Terminal with { IsInteractive = false } : session.Terminal;
            try
            {
                return await PullWithLayersAsync(session, terminal, image, auth);
            }
            catch (RpcException other) when (other.StatusCode == StatusCode.Unimplemented)
            {
                return await PullByCriAsync(session, terminal, image, auth);
            }
        });

    private static async Task<PullImageResponse> PullWithLayersAsync(Session session, Terminal terminal, string image, AuthConfig? auth)
    {
        var request = new PullRequest { Image = image, Credentials = CredentialsOf(auth) };
        await using var display = new PullDisplay(terminal, $"pulling {image}");
        using var call = session.CrispImages.Pull(request, session.Options);
        var id = "";
        await foreach (var news in call.ResponseStream.ReadAllAsync())
        {
            id = news.ImageId;
            if (news.Progress is not null)
            {
                display.Update(news.Progress);
            }
        }

        return new PullImageResponse { ImageRef = id };
    }

    private static async Task<PullImageResponse> PullByCriAsync(Session session, Terminal terminal, string image, AuthConfig? auth)
    {
        await using var progress = new ProgressLine(terminal, $"pulling {image}");
        var request = new PullImageRequest { Image = new ImageSpec { Image = image, UserSpecifiedImage = image }, Auth = auth };
        return await session.Images.PullImageAsync(request, session.Options);
    }

    private static async Task<int> RunAsync(Session session, string image, string? credentials, bool quiet)
    {
        var pulled = await PullAsync(session, image, Auth(credentials), quiet);
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

    private static Credentials? CredentialsOf(AuthConfig? auth) =>
        auth is null ? null : new Credentials { Username = auth.Username, Password = auth.Password };

    private static AuthConfig? Auth(string? credentials) => credentials?.Split(':', 2) switch
    {
        null => null,
        [{ Length: > 0 } user, var password] => new AuthConfig { Username = user, Password = password },
        _ => throw CommandFailure.OfUsage("--creds", "expected USER:PASSWORD"),
    };
}
