using Cri.Api.CrispV1;
using Xunit;

namespace Cri.Cli.Tests.Commands;

public sealed class ImageCommandTests : IAsyncLifetime
{
    private FakeNode _node = null!;

    public async Task InitializeAsync() => _node = await FakeNode.StartAsync(withCrispImages: true);

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Pull_NoTerminal_PrintsOnlyTheId()
    {
        var result = await _node.RunAsync("pull", "app:1", "--creds", "me:secret");

        Assert.Equal((0, $"{FakeCrispImages.Id}\n", ""), (result.Code, result.Out, result.Error));
        var request = Assert.IsType<PullRequest>(Assert.Single(_node.CrispImages.Requests));
        Assert.Equal(("app:1", "me", "secret"), (request.Image, request.Credentials.Username, request.Credentials.Password));
    }

    [Fact]
    public async Task Pull_Fails_SaysSoOnce()
    {
        var result = await _node.RunAsync("pull", "missing");

        Assert.Equal((1, "crisp: pull docker.io/library/missing:latest: manifest unknown\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task Pull_Terminal_DrawsLayersAndClearsThem()
    {
        var held = new TaskCompletionSource();
        _node.CrispImages.PullHeld = held.Task;
        using var screen = new ScreenStream();
        var pulling = _node.RunAtTerminalAsync(screen, "pull", "app:1");

        await screen.UntilAsync("1111111111111  downloading");
        held.SetResult();
        var result = await pulling;

        Assert.Contains("1111111111111  downloading", result.Error);
        Assert.Contains("pulling app:1: 1/2 layers  6.00MB / 11.0MB", result.Error);
        Assert.EndsWith("\u001b[J", result.Error);
        Assert.Equal($"{FakeCrispImages.Id}\n", result.Out);
    }

    [Fact]
    public async Task Pull_QuietOnTerminal_DrawsNothing()
    {
        using var screen = new ScreenStream();

        var result = await _node.RunAtTerminalAsync(screen, "pull", "-q", "app:1");

        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task Import_Path_IsReadOnTheNode()
    {
        var path = Path.Combine(_node.Directory.FullName, "archive.tar");
        File.WriteAllText(path, "x");

        var result = await _node.RunAsync("image", "import", path, "--name", "example.com/app", "--platform", "linux/arm64");

        Assert.Equal((0, "IMAGE              IMAGE ID\nexample.com/app:1  bbbbbbbbbbbbb\n"), (result.Code, result.Out));
        var options = Assert.IsType<ImportOptions>(Assert.Single(_node.CrispImages.Requests));
        Assert.Equal((path, "example.com/app", "linux/arm64"), (options.Path, options.Name, options.Platform));
    }

    [Fact]
    public async Task Import_StandardInput_IsSent()
    {
        var archive = new byte[1_000_000];
        new Random(1).NextBytes(archive);
        _node.Input = new MemoryStream(archive);

        var result = await _node.RunAsync("image", "import", "-", "-q");

        Assert.Equal((0, $"{FakeCrispImages.Id}\n"), (result.Code, result.Out));
        Assert.Equal(archive, _node.CrispImages.Received.ToArray());
    }

    [Fact]
    public async Task Import_Refused_SaysWhatTheServerSays()
    {
        _node.Input = new MemoryStream("refuse"u8.ToArray());

        var result = await _node.RunAsync("image", "import", "-");

        Assert.Equal((1, "crisp: import -: the archive: neither this nor that\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task Import_NoSuchFile_FailsWithoutAsking()
    {
        var result = await _node.RunAsync("image", "import", "/nonexistent/archive.tar");

        Assert.Equal(1, result.Code);
        Assert.Contains("/nonexistent/archive.tar", result.Error);
        Assert.Empty(_node.CrispImages.Requests);
    }

    [Fact]
    public async Task Export_File_IsWrittenWhole()
    {
        var path = Path.Combine(_node.Directory.FullName, "export.tar");

        var result = await _node.RunAsync("image", "export", "app:1", "--to", path, "--format", "docker-archive");

        Assert.Equal(0, result.Code);
        Assert.Equal("archive", File.ReadAllText(path));
        Assert.Equal(ExportFormat.DockerArchive, Assert.IsType<ExportRequest>(Assert.Single(_node.CrispImages.Requests)).Format);
    }

    [Fact]
    public async Task Export_StandardOutput_HasOnlyTheArchive()
    {
        var result = await _node.RunAsync("image", "export", "app:1");

        Assert.Equal((0, "archive"), (result.Code, result.Out));
    }

    [Fact]
    public async Task Export_FailsHalfway_LeavesTheOldFile()
    {
        var path = Path.Combine(_node.Directory.FullName, "export.tar");
        File.WriteAllText(path, "old");

        var result = await _node.RunAsync("image", "export", "broken", "--to", path);

        Assert.Equal(1, result.Code);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.DoesNotContain(_node.Directory.EnumerateFiles(), file => file.Name.StartsWith(".export", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_Directory_IsTheServersToWrite()
    {
        var result = await _node.RunAsync("image", "export", "app:1", "--to", "/some/where", "--format", "oci");

        Assert.Equal(0, result.Code);
        Assert.Equal("/some/where", Assert.IsType<ExportRequest>(Assert.Single(_node.CrispImages.Requests)).Path);
        Assert.Equal(2, (await _node.RunAsync("image", "export", "app:1", "--format", "oci")).Code);
    }

    [Fact]
    public async Task TagAndUntag_PrintNameAndId()
    {
        var tag = await _node.RunAsync("image", "tag", "app:1", "one", "two");
        var untag = await _node.RunAsync("image", "untag", "one", "two");

        Assert.Equal("docker.io/library/one\ndocker.io/library/two\n", tag.Out);
        Assert.Equal($"{FakeCrispImages.Id}\n", untag.Out);
    }

    [Fact]
    public async Task History_Table_HasTheLastStepFirst()
    {
        var result = await _node.RunAsync("image", "history", "app:1");

        var lines = result.Out.Split('\n');
        Assert.Equal("CREATED  LAYER          SIZE    CREATED BY", lines[0]);
        Assert.StartsWith("-        -              0B      CMD xxx", lines[1]);
        Assert.EndsWith("…", lines[1]);
        Assert.Equal("-        eeeeeeeeeeeee  1.20MB  /bin/sh -c #(nop) ADD file", lines[2]);
    }

    [Fact]
    public async Task Inspect_Image_IsJsonWithTheConfiguration()
    {
        var result = await _node.RunAsync("image", "inspect", "app:1");

        using var json = System.Text.Json.JsonDocument.Parse(result.Out);
        Assert.Equal("linux", json.RootElement.GetProperty("config").GetProperty("os").GetString());
        Assert.True(json.RootElement.GetProperty("layers")[0].GetProperty("kept").GetBoolean());
    }

    [Fact]
    public async Task Verify_WholeOrDamaged_TellsByItsExitCode()
    {
        var whole = await _node.RunAsync("image", "verify");
        var damaged = await _node.RunAsync("image", "verify", "damaged");

        Assert.Equal((0, "1 images, 2 layers, 3.00MB: whole\n"), (whole.Code, whole.Out));
        Assert.Equal(1, damaged.Code);
        Assert.Contains("bbbbbbbbbbbbb  ff       next pull  \"bin/sh\": is missing", damaged.Out);
    }

    [Fact]
    public async Task Prune_DryRun_OnlyTells()
    {
        var result = await _node.RunAsync("image", "prune", "--all", "--dry-run");

        Assert.Equal("IMAGE ID       FREES   NAMES\nbbbbbbbbbbbbb  5.00MB  app:1\nwould free 5.00MB\n", result.Out);
        var request = Assert.IsType<PruneRequest>(Assert.Single(_node.CrispImages.Requests));
        Assert.True(request is { All: true, DryRun: true });
    }

    [Fact]
    public async Task Df_Verbose_HasKindsImagesAndTheFileSystem()
    {
        var result = await _node.RunAsync("df", "-v");

        Assert.Contains("layers  3      1       9.00MB  12      4.00MB", result.Out);
        Assert.Contains("bbbbbbbbbbbbb  9.00MB  4.00MB  2           pinned  app:1", result.Out);
        Assert.Contains("/var/lib/crisp: 50.0MB of 100MB free, 5 of 10 inodes", result.Out);
    }

    [Fact]
    public async Task Pulls_Table_HasLayersAndBytes()
    {
        var result = await _node.RunAsync("image", "pulls");

        Assert.Contains("docker.io/library/app:1  1/2     6.00MB  11.0MB", result.Out);
    }

    [Theory]
    [InlineData("image", "pulls")]
    [InlineData("image", "prune")]
    [InlineData("df")]
    public async Task Command_OtherRuntime_SaysThatItLacksTheService(params string[] command)
    {
        await using var other = await FakeNode.StartAsync();

        var result = await other.RunAsync(command);

        Assert.Equal(1, result.Code);
        Assert.Contains("it is not crispd", result.Error);
    }
}
