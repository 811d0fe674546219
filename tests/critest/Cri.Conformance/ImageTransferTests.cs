using System.Diagnostics;
using Cri.Api.CrispV1;
using Cri.Api.V1;
using Cri.Grpc;
using Cri.Testing;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Crisp's own image service and its client, beside the CRI.</summary>
public sealed class ImageTransferTests : ConformanceTest
{
    private string Crisp => $"{Artifacts.Binary("crisp")} --address {Cri.SocketPath}";

    [CrispdFact]
    public async Task Pull_WhileTheKubeletPullsTheSame_GivesBothTheId()
    {
        var reference = await Cri.Registry.PushAsync(Image("transfer-joined:v1"));
        using var channel = new UnixChannel(Cri.SocketPath);
        using var call = new Images.ImagesClient(channel).Pull(new PullRequest { Image = reference });

        var kubelet = Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });
        var id = "";
        await foreach (var news in call.ResponseStream.ReadAllAsync())
        {
            Assert.True(news.Progress is null || news.Progress.Reference == reference);
            id = news.ImageId;
        }

        Assert.Equal((await kubelet).ImageRef, id);
    }

    [CrispdFact]
    public async Task Pull_MissingImage_EndsWithItsStatus()
    {
        using var channel = new UnixChannel(Cri.SocketPath);
        using var call = new Images.ImagesClient(channel).Pull(new PullRequest { Image = $"{Cri.Registry.Host}/transfer-missing:v1" });

        // On a slow machine there is news of the pull before its end.
        await FailsAsync(StatusCode.NotFound, "transfer-missing", async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
    }

    [CrispdFact]
    public async Task ClientPull_OnATerminal_LeavesTheIdOnly()
    {
        var reference = await Cri.Registry.PushAsync(Image("transfer-terminal:v1"));

        var (output, code) = await RunAsync("script", "-qec", $"stty rows 10 cols 60; {Crisp} pull {reference}", "/dev/null");

        Assert.True(code == 0, output);
        Assert.Contains((await StatusAsync(reference))!.Id, output);
    }

    [CrispdFact]
    public Task ExportAndImport_OciArchive_IsTheSameImage() => AssertPipedAsync("oci-archive", "");

    [CrispdFact]
    public Task ExportAndImport_CompressedOciArchive_IsTheSameImage() => AssertPipedAsync("oci-archive", "--compress");

    [CrispdFact]
    public Task ExportAndImport_DockerArchive_IsTheSameImage() => AssertPipedAsync("docker-archive", "");

    [CrispdFact]
    public async Task Import_RemovedAndImportedAgain_RunsAsAContainer()
    {
        using var directory = new TemporaryDirectory("transfer", "/var/tmp");
        var reference = await Cri.PullAsync(Image("transfer-runs:v1"));
        var archive = Path.Join(directory.Path, "archive.tar");
        Assert.Equal(0, (await ShellAsync($"{Crisp} image export {reference} --to {archive}")).Code);
        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = reference } });

        var (output, code) = await ShellAsync($"{Crisp} image import {archive} 2>&1");

        Assert.True(code == 0, output);
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["cat", "/image"], config => config.Image.Image = reference);
        await container.LoggedAsync("conformance transfer-runs:v1");
    }

    [CrispdFact]
    public async Task Import_Garbage_IsRefusedAndLeavesNothing()
    {
        var (output, code) = await ShellAsync($"head -c 100000 /dev/urandom | {Crisp} image import - --name transfer.example/garbage 2>&1");

        Assert.Equal(1, code);
        Assert.StartsWith("crisp: import", output);
        Assert.Null(await StatusAsync("transfer.example/garbage"));
    }

    [CrispdFact]
    public async Task TagAndUntag_AreSeenByTheKubelet()
    {
        var reference = await Cri.PullAsync(Image("transfer-tagged:v1"));
        var id = (await StatusAsync(reference))!.Id;

        Assert.Equal(0, (await ShellAsync($"{Crisp} image tag {reference} transfer.example/tagged:v2")).Code);
        Assert.Equal(id, (await StatusAsync("transfer.example/tagged:v2"))!.Id);
        Assert.Equal(0, (await ShellAsync($"{Crisp} image untag transfer.example/tagged:v2")).Code);

        Assert.Null(await StatusAsync("transfer.example/tagged:v2"));
        Assert.Equal(id, (await StatusAsync(reference))!.Id);
        Assert.Equal(1, (await ShellAsync($"{Crisp} image untag transfer.example/tagged:v2 2>&1")).Code);
    }

    [CrispdFact]
    public async Task HistoryInspectVerifyAndDf_OfAPulledImage_KnowIt()
    {
        var reference = await Cri.PullAsync(Image("transfer-inspected:v1"));
        var id = (await StatusAsync(reference))!.Id;

        Assert.Contains(id, (await ShellAsync($"{Crisp} image inspect {reference}")).Output);
        Assert.Equal(0, (await ShellAsync($"{Crisp} image history {reference}")).Code);
        Assert.Contains("whole", (await ShellAsync($"{Crisp} image verify {reference}")).Output);
        Assert.Contains(reference, (await ShellAsync($"{Crisp} df -v")).Output);
        Assert.Contains(id[7..20], (await ShellAsync($"{Crisp} image prune --all --dry-run")).Output);
        Assert.NotNull(await StatusAsync(reference));
    }

    private async Task AssertPipedAsync(string format, string option)
    {
        var name = $"transfer-piped-{format}{option.Length}";
        var reference = await Cri.PullAsync(Image($"{name}:v1"));

        var (output, code) = await ShellAsync(
            $"{Crisp} image export {reference} --format {format} {option} | {Crisp} image import - -q --name transfer.example/{name}:v2");

        Assert.True(code == 0, output);
        Assert.Equal((await StatusAsync(reference))!.Id, output.Trim());
        Assert.Equal(output.Trim(), (await StatusAsync($"transfer.example/{name}:v2"))!.Id);
    }

    // Each test has an image of its own, so that no removal meets another test's.
    private static TestImage Image(string name) => new() { Name = name, Files = [TestFile.Text("image", $"conformance {name}\n")] };

    private async Task<Api.V1.Image?> StatusAsync(string reference) =>
        (await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = reference } })).Image;

    private static Task<(string Output, int Code)> ShellAsync(string script) => RunAsync("sh", "-c", script);

    private static async Task<(string Output, int Code)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(5 * Eventually.Patience);
        try
        {
            process.StandardInput.Close();
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (output, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
