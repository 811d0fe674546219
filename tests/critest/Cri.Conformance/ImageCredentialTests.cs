using System.Diagnostics;
using System.Text;
using Cri.Api.V1;
using Cri.Grpc;
using Cri.Testing;
using Cri.Testing.Crispd;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Credentials go to the registry, and nowhere else that anybody could read them.</summary>
public sealed class ImageCredentialTests
{
    private const string Password = "hunter2-of-the-test";
    private const string WrongPassword = "hunter2-mistyped";
    private const string Htpasswd = "agent:$2b$04$GSG0LqnvARcwj2QW3t31XOf1xjMjP11LwcYToMFVlfjPdu.tl8PE.";

    [CrispdFact]
    public async Task PullImage_WithCredentials_LeavesThemInNoLogErrorFileOrAnswer()
    {
        await using var registry = await RegistryFixture.StartAsync(Htpasswd, $"agent:{Password}");
        await using var crispd = await CrispdFixture.StartAsync(registry.Host);
        using var channel = new UnixChannel(crispd.Socket);
        var images = new ImageService.ImageServiceClient(channel);
        var reference = await registry.PushAsync(new TestImage { Name = "private:v1" });
        var said = new StringBuilder();

        foreach (var wrong in Forms("agent", WrongPassword))
        {
            said.Append(await Assert.ThrowsAnyAsync<RpcException>(() => PullAsync(images, reference, wrong)));
        }

        foreach (var right in Forms("agent", Password).Take(2))
        {
            said.Append(await PullAsync(images, reference, right));
            said.Append(await images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = reference }, Verbose = true }));
            await images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = reference } });
        }

        said.Append(await CrispAsync(crispd, "pull", "--creds", $"agent:{WrongPassword}", reference));
        said.Append(await CrispAsync(crispd, "pull", "--creds", $"agent:{Password}", reference));
        said.Append(await CrispAsync(crispd, "image", "inspect", reference));
        said.Append(crispd.Log);

        Assert.Contains("PullImage", crispd.Log);
        foreach (var secret in Secrets())
        {
            Assert.DoesNotContain(secret, said.ToString());
            Assert.Equal("", Files(secret, crispd.Leaks.Directories));
        }
    }

    private static IEnumerable<AuthConfig> Forms(string user, string password) =>
    [
        new() { Username = user, Password = password },
        new() { Auth = Base64(user, password) },
        new() { IdentityToken = password },
        new() { RegistryToken = password },
        new() { Username = user, Password = password, ServerAddress = "https://elsewhere.test" },
    ];

    private static string[] Secrets() => ["hunter2", Base64("agent", Password), Base64("agent", WrongPassword)];

    private static string Base64(string user, string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private static async Task<string> PullAsync(ImageService.ImageServiceClient images, string reference, AuthConfig auth) =>
        (await images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference }, Auth = auth })).ToString();

    private static async Task<string> CrispAsync(CrispdFixture crispd, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Artifacts.Binary("crisp"), ["--address", crispd.Socket, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await errors;
    }

    // The names of the files that hold a text; grep says 1 when there are none, and 2 when it cannot look.
    private static string Files(string text, IReadOnlyList<string> directories) =>
        Command.Run("/bin/sh", ["-c", "grep -rlaF -D skip -e \"$@\"; test $? -eq 1", "sh", text, .. directories]);
}
