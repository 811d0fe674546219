using System.Security.Cryptography;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

public sealed class LayerFetcherTests : IDisposable
{
    private readonly ImageNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task Ensure_LocalLayer_IsExtracted(string compression)
    {
        var (tar, blob, content) = Layer(compression);

        await using var lease = await FetchAsync(new LocalOrigin(_ => new MemoryStream(content)), blob, Digest.OfSha256(tar));

        Assert.Equal("content", File.ReadAllText(Path.Join(_node.Layers.TreePath(lease.Layers[0].Name), "file")));
    }

    [Fact]
    public async Task Ensure_LocalLayerOfAnotherDigest_IsRefused()
    {
        var (tar, blob, content) = Layer("gzip");
        content[^1] ^= 1;

        var error = await Assert.ThrowsAsync<ImageException>(
            () => FetchAsync(new LocalOrigin(_ => new MemoryStream(content)), blob, Digest.OfSha256(tar)));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("digest mismatch", error.Message);
        _node.AssertEmpty();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Ensure_LocalLayerOfAnotherSize_IsRefused(int more)
    {
        var (tar, blob, content) = Layer("none");
        Array.Resize(ref content, content.Length + more);

        var error = await Assert.ThrowsAsync<ImageException>(
            () => FetchAsync(new LocalOrigin(_ => new MemoryStream(content)), blob, Digest.OfSha256(tar)));

        Assert.Contains("bytes", error.Message);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task Ensure_KeepBlobs_WritesTheCompressedLayer()
    {
        var (tar, blob, content) = Layer("gzip");
        using var fetcher = new LayerFetcher(new ImageServiceOptions { Root = _node.Root, KeepBlobs = true }, _node.Layers);

        var source = new LayerSource(blob, Digest.OfSha256(tar), new LayerMeter(blob));
        await using var lease = await fetcher.EnsureAsync(new LocalOrigin(_ => new MemoryStream(content)), source, CancellationToken.None);

        var file = Assert.Single(Directory.GetFiles(Path.Join(_node.Root, "blobs", "sha256")));
        Assert.Equal(blob.Digest.Hex, Path.GetFileName(file));
        Assert.Equal(content, await File.ReadAllBytesAsync(file));
    }

    [Fact]
    public async Task Ensure_KeepBlobsAndDamage_LeavesNothing()
    {
        var (_, blob, content) = Layer("gzip");
        using var fetcher = new LayerFetcher(new ImageServiceOptions { Root = _node.Root, KeepBlobs = true }, _node.Layers);

        var source = new LayerSource(blob, Digest.OfSha256([]), new LayerMeter(blob));
        await Assert.ThrowsAsync<ImageException>(
            () => fetcher.EnsureAsync(new LocalOrigin(_ => new MemoryStream(content)), source, CancellationToken.None));

        _node.AssertEmpty();
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("none")]
    public async Task Ensure_MoreEntriesThanAllowed_IsRefusedByName(string compression)
    {
        var (tar, blob, content) = Layer(compression);
        var limits = new LayerLimits { LayerEntries = 1 };
        using var fetcher = new LayerFetcher(new ImageServiceOptions { Root = _node.Root, Limits = limits }, _node.Layers);

        var source = new LayerSource(blob, Digest.OfSha256(tar), new LayerMeter(blob));
        var error = await Assert.ThrowsAsync<ImageException>(() => fetcher.EnsureAsync(new LocalOrigin(_ => new MemoryStream(content)), source, CancellationToken.None));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains($"layer {blob.Digest}: it exceeds images.limits.layerEntries, 1", error.Message);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task Ensure_Bomb_IsRefusedLongBeforeItsEnd()
    {
        // Zeros enough for the limit many times over, in a blob of a few hundred kilobytes.
        var tar = new LayerTar().File("zeros", new byte[64 << 20]).ToArray();
        var image = new TestImage().Layer(tar).Finish();
        var content = image.Blobs[image.LayerDigests[0]];
        var blob = new Descriptor { MediaType = MediaTypes.OciManifest, Digest = image.LayerDigests[0], Size = content.Length };
        var limits = new LayerLimits { LayerBytes = 1 << 20 };
        using var fetcher = new LayerFetcher(new ImageServiceOptions { Root = _node.Root, Limits = limits }, _node.Layers);

        var source = new LayerSource(blob, Digest.OfSha256(tar), new LayerMeter(blob));
        var error = await Assert.ThrowsAsync<ImageException>(() => fetcher.EnsureAsync(new LocalOrigin(_ => new MemoryStream(content)), source, CancellationToken.None));

        Assert.Contains("it exceeds images.limits.layerMiB, 1: the layer unpacks to at least 1", error.Message);
        _node.AssertEmpty();
    }

    private async Task<LayerLease> FetchAsync(ILayerOrigin origin, Descriptor blob, Digest diffId)
    {
        using var fetcher = new LayerFetcher(new ImageServiceOptions { Root = _node.Root }, _node.Layers);
        return await fetcher.EnsureAsync(origin, new LayerSource(blob, diffId, new LayerMeter(blob)), CancellationToken.None);
    }

    private static (byte[] Tar, Descriptor Blob, byte[] Content) Layer(string compression)
    {
        var tar = new LayerTar().File("file", "content").File("random", RandomNumberGenerator.GetBytes(400_000)).ToArray();
        var image = new TestImage().Layer(tar, compression).Finish();
        var digest = image.LayerDigests[0];
        var content = image.Blobs[digest];
        return (tar, new Descriptor { MediaType = MediaTypes.OciManifest, Digest = digest, Size = content.Length }, [.. content]);
    }
}
