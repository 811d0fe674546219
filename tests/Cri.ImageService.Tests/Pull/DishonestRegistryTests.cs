using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>What a registry must not get away with, and what a bad network must not cost.</summary>
public sealed class DishonestRegistryTests
{
    private static readonly byte[] _bulk = RandomBytes(3 << 20);

    [Fact]
    public async Task PullAsync_LayerWithOtherContent_IsDigestMismatch()
    {
        var image = TestImage.Small("promised");
        var other = TestImage.Small("delivered").Blobs.Values.First();
        var content = other.Concat(new byte[1024]).Take(image.Blobs[image.LayerDigests[0]].Length).ToArray();
        using var registry = new ScriptedRegistry(request =>
            request.Path.Contains(image.LayerDigests[0].Hex) ? new ScriptedAnswer(200, content) : null).Add(image, "lies", "v1");

        var error = await FailAsync(registry, "lies:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("digest mismatch", error.Message);
        Assert.Contains(image.LayerDigests[0].ToString(), error.Message);
    }

    [Theory]
    [InlineData("manifests/sha256")]
    [InlineData("CONFIG")]
    public async Task PullAsync_DocumentWithOtherContent_IsDigestMismatch(string document)
    {
        var image = TestImage.Small("documents");
        var part = document == "CONFIG" ? image.ConfigDigest.Hex : document;
        using var registry = new ScriptedRegistry(request => request.Method == "GET" && request.Path.Contains(part)
            ? new ScriptedAnswer(200, """{"schemaVersion":2,"layers":[],"config":{}}"""u8.ToArray(), MediaTypes.OciManifest)
            : null).Add(image, "lies", "v1");

        var error = await FailAsync(registry, "lies:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("digest mismatch", error.Message);
    }

    [Fact]
    public async Task PullAsync_LayerWithOtherDiffId_IsRefused()
    {
        var image = new TestImage()
            .Layer(new LayerTar().File("x", "1").ToArray(), claimedDiffId: Digest.OfSha256("something else"u8))
            .Finish();
        using var registry = new ScriptedRegistry().Add(image, "lies", "v1");

        var error = await FailAsync(registry, "lies:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("uncompressed content has digest", error.Message);
    }

    [Fact]
    public async Task PullAsync_HostileLayer_NamesLayerAndEntry()
    {
        var image = new TestImage()
            .Layer(new LayerTar().File("good", "1"))
            .Layer(new LayerTar().File("x", "1").File("../../escape", "2"))
            .Finish();
        using var registry = new ScriptedRegistry().Add(image, "hostile", "v1");

        var error = await FailAsync(registry, "hostile:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains(image.LayerDigests[1].ToString(), error.Message);
        Assert.Contains("../../escape", error.Message);
    }

    [Fact]
    public async Task PullAsync_LayerShorterThanPromised_IsRefusedAtOnce()
    {
        var image = new TestImage().Layer(new LayerTar().File("bulk", _bulk)).Finish();
        var layer = image.Blobs[image.LayerDigests[0]];
        using var registry = new ScriptedRegistry(request =>
            request.Path.Contains(image.LayerDigests[0].Hex) ? new ScriptedAnswer(200, layer[..1000]) : null).Add(image, "short", "v1");

        var error = await FailAsync(registry, "short:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains($"1000 bytes, the manifest says {layer.Length}", error.Message);
        Assert.Equal(1, registry.Count(image.LayerDigests[0].Hex));
    }

    [Fact]
    public async Task PullAsync_ConnectionBreaks_ResumesByRange()
    {
        var image = new TestImage().Layer(new LayerTar().File("bulk", _bulk)).Finish();
        var layer = image.Blobs[image.LayerDigests[0]];
        using var registry = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex) && request.Header("range") is null
            ? new ScriptedAnswer(200, layer, SendOnly: layer.Length / 2)
            : null).Add(image, "broken", "v1");
        using var node = new ImageNode();

        var record = await node.PullAsync($"{registry.Host}/broken:v1");

        Assert.Equal(_bulk, File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
        Assert.Equal(2, registry.Count(image.LayerDigests[0].Hex));
    }

    [Fact]
    public async Task PullAsync_ConnectionBreaksAndNoRanges_StartsOverAndSkips()
    {
        var image = new TestImage().Layer(new LayerTar().File("bulk", _bulk)).Finish();
        var layer = image.Blobs[image.LayerDigests[0]];
        var calls = 0;
        using var registry = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex)
            ? new ScriptedAnswer(200, layer, SendOnly: ++calls == 1 ? layer.Length / 2 : null)
            : null).Add(image, "broken", "v1");
        using var node = new ImageNode();

        var record = await node.PullAsync($"{registry.Host}/broken:v1");

        Assert.Equal(_bulk, File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
    }

    [Fact]
    public async Task PullAsync_ConnectionAlwaysBreaks_IsUnavailable()
    {
        var image = new TestImage().Layer(new LayerTar().File("bulk", _bulk)).Finish();
        using var registry = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex)
            ? new ScriptedAnswer(200, image.Blobs[image.LayerDigests[0]], SendOnly: 10)
            : null).Add(image, "broken", "v1");

        var error = await FailAsync(registry, "broken:v1");

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains("of", error.Message);
    }

    [Fact]
    public async Task PullAsync_TransferStalls_IsResumed()
    {
        var image = TestImage.Small("stalls");
        var never = new TaskCompletionSource();
        var calls = 0;
        using var registry = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex) && ++calls == 1
            ? new ScriptedAnswer(200, image.Blobs[image.LayerDigests[0]]) { Hold = never.Task }
            : null).Add(image, "stalls", "v1");
        using var node = new ImageNode(options => options with { StallTimeout = TimeSpan.FromSeconds(2), MaxAttempts = 50 });

        await node.PullAsync($"{registry.Host}/stalls:v1");

        Assert.True(registry.Count(image.LayerDigests[0].Hex) >= 2, "nothing was resumed");
    }

    [Fact]
    public async Task PullAsync_ServerErrorsAtFirst_AreRetried()
    {
        var image = TestImage.Small("flaky");
        var calls = 0;
        using var registry = new ScriptedRegistry(_ => ++calls <= 2 ? new ScriptedAnswer(503, []) : null).Add(image, "flaky", "v1");
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/flaky:v1");
    }

    [Theory]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.NotFound)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unavailable)]
    public async Task PullAsync_Refused_HasCodeAndNames(int status, StatusCode expected)
    {
        using var registry = new ScriptedRegistry(_ => new ScriptedAnswer(status, """{"errors":[{"code":"DENIED","message":"go away"}]}"""u8.ToArray()));

        var error = await FailAsync(registry, "refused:v1");

        Assert.Equal(expected, error.StatusCode);
        Assert.Contains($"{registry.Host}/refused:v1", error.Message);
        Assert.Contains(status.ToString(), error.Message);
    }

    [Fact]
    public async Task PullAsync_DiskFull_IsResourceExhaustedAndLeavesNothing()
    {
        var image = new TestImage().Layer(new LayerTar().File("bulk", _bulk)).Finish();
        using var registry = new ScriptedRegistry().Add(image, "bulky", "v1");
        using var directory = new TemporaryDirectory();
        Command.Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", directory.Path);
        try
        {
            using var node = new ImageNode(root: directory.Path);

            var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/bulky:v1"));

            Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
            Assert.Contains(image.LayerDigests[0].ToString(), error.Message);
            node.AssertEmpty();
        }
        finally
        {
            Mount.UnmountAll(directory.Path);
        }
    }

    [Fact]
    public async Task PullAsync_ManifestTooLarge_IsRefused()
    {
        var image = TestImage.Small("large");
        using var registry = new ScriptedRegistry(request => request.Method == "GET" && request.Path.Contains("/manifests/")
            ? new ScriptedAnswer(200, new byte[(4 << 20) + 1], MediaTypes.OciManifest)
            : null).Add(image, "large", "v1");

        var error = await FailAsync(registry, "large:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("limit", error.Message);
    }

    [Fact]
    public async Task PullAsync_NoManifestForPlatform_NamesThoseThereAre()
    {
        var index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{TestImage.Describe(MediaTypes.OciManifest, Digest.OfSha256("x"u8), 1, ""","platform":{"os":"linux","architecture":"s390x"}""")}}]}""";
        using var registry = new ScriptedRegistry();
        AddIndex(registry, "foreign", index);

        var error = await FailAsync(registry, "foreign:v1");

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("linux/s390x", error.Message);
    }

    [Fact]
    public async Task PullAsync_Index_ChoosesPlatform()
    {
        var (ours, other) = (TestImage.Small("ours"), TestImage.Small("other"));
        var index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{Entry(other, "s390x")}},{{Entry(ours, Platform.Host.Architecture)}}]}""";
        using var registry = new ScriptedRegistry().Add(ours, "multi", "ours").Add(other, "multi", "other");
        var digest = AddIndex(registry, "multi", index);
        using var node = new ImageNode();

        var record = await node.PullAsync($"{registry.Host}/multi:v1");

        Assert.Equal(ours.Id, record.Id);
        Assert.Equal([$"{registry.Host}/multi@{digest}"], record.RepoDigests);
    }

    [Fact]
    public async Task PullAsync_SomeWaitersCancelled_OthersGetTheImage()
    {
        var image = TestImage.Small("held");
        var release = new TaskCompletionSource();
        using var registry = HoldingRegistry(image, release);
        using var node = new ImageNode();
        using var cancel = new CancellationTokenSource();
        var cancelled = node.Puller.PullAsync($"{registry.Host}/held:v1", null, cancel.Token);
        var patient = node.PullAsync($"{registry.Host}/held:v1");
        await Until.TrueAsync(() => registry.Count(image.LayerDigests[0].Hex) == 1);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        release.SetResult();

        Assert.Equal(image.Id, (await patient).Id);
        Assert.Equal(1, registry.Count(image.LayerDigests[0].Hex));
    }

    [Fact]
    public async Task PullAsync_LastWaiterCancelled_LeavesNothing()
    {
        var image = new TestImage().Layer(new LayerTar().File("done", "1")).Layer(new LayerTar().File("held", "2")).Finish();
        using var registry = HoldingRegistry(image, new TaskCompletionSource());
        using var node = new ImageNode();
        using var cancel = new CancellationTokenSource();
        var pull = node.Puller.PullAsync($"{registry.Host}/held:v1", null, cancel.Token);
        await Until.TrueAsync(() => node.Puller.Running.Any(running => running.Layers is [{ Done: true }, ..]));
        await Until.TrueAsync(() => registry.Count(image.LayerDigests[1].Hex) == 1);
        Assert.False(node.Puller.Running.Single().Layers[1].Done);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);

        node.AssertEmpty();
        Assert.Empty(node.Puller.Running);
    }

    [Fact]
    public async Task PullAsync_TwoImagesWithTheSameLayerAtOnce_ShareTheTransfer()
    {
        var shared = new LayerTar().File("shared", "1").ToArray();
        var first = new TestImage().Layer(shared).Layer(new LayerTar().File("a", "1")).Finish();
        var second = new TestImage().Layer(shared).Layer(new LayerTar().File("b", "1")).Finish();
        var release = new TaskCompletionSource();
        using var registry = new ScriptedRegistry(request => request.Path.Contains(first.LayerDigests[0].Hex)
            ? new ScriptedAnswer(200, first.Blobs[first.LayerDigests[0]]) { Hold = release.Task }
            : null).Add(first, "shared", "one").Add(second, "shared", "two");
        using var node = new ImageNode();

        var pulls = Task.WhenAll(node.PullAsync($"{registry.Host}/shared:one"), node.PullAsync($"{registry.Host}/shared:two"));
        await Until.TrueAsync(() => registry.Count(first.LayerDigests[1].Hex) == 1 && registry.Count(second.LayerDigests[1].Hex) == 1);
        release.SetResult();
        await pulls;

        Assert.Equal(1, registry.Count(first.LayerDigests[0].Hex));
    }

    private static ScriptedRegistry HoldingRegistry(TestImage image, TaskCompletionSource release)
    {
        var last = image.LayerDigests[^1];
        return new ScriptedRegistry(request => request.Path.Contains(last.Hex)
            ? new ScriptedAnswer(200, image.Blobs[last]) { Hold = release.Task }
            : null).Add(image, "held", "v1");
    }

    private static string Entry(TestImage image, string architecture) => TestImage.Describe(
        MediaTypes.OciManifest, image.ManifestDigest, image.Blobs[image.ManifestDigest].Length,
        $$""","platform":{"os":"linux","architecture":"{{architecture}}"}""");

    private static Digest AddIndex(ScriptedRegistry registry, string repository, string index)
    {
        var content = System.Text.Encoding.UTF8.GetBytes(index);
        var digest = Digest.OfSha256(content);
        registry.AddContent($"/v2/{repository}/manifests/v1", content);
        registry.AddContent($"/v2/{repository}/manifests/{digest}", content);
        return digest;
    }

    private static async Task<ImageException> FailAsync(ScriptedRegistry registry, string name)
    {
        using var node = new ImageNode();
        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/{name}"));
        node.AssertEmpty();
        return error;
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
