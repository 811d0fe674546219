using System.Text.Json;
using Cri.Oci.Images;
using Xunit;

namespace Cri.Oci.Tests.Images;

public sealed class ImageJsonTests
{
    private const string Hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void Deserialize_ImageConfiguration_ReadsEveryField()
    {
        var image = JsonSerializer.Deserialize(
            $$"""
            {"created":"2024-01-02T03:04:05Z","architecture":"amd64","os":"linux","config":{"User":"1:2","Env":["A=b"],
            "Entrypoint":["/e"],"Cmd":["c"],"WorkingDir":"/w","Labels":{"l":"v"},"StopSignal":"SIGINT","Volumes":{"/data":{} },
            "ExposedPorts":{"80/tcp":{} },"Healthcheck":{"Test":["NONE"]} },
            "rootfs":{"type":"layers","diff_ids":["{{Hash}}"]},"history":[{"created_by":"x","empty_layer":true}],"moby.buildkit":1}
            """,
            ImageJson.Default.Image)!;

        var config = image.Config!;
        Assert.Equal(("1:2", "/w", "SIGINT"), (config.User, config.WorkingDir, config.StopSignal));
        Assert.Equal(["A=b"], config.Env);
        Assert.Equal(["/e"], config.Entrypoint);
        Assert.Equal(["c"], config.Cmd);
        Assert.Equal("v", config.Labels!["l"]);
        Assert.Contains("/data", config.Volumes!.Keys);
        Assert.Contains("Healthcheck", config.Unknown!.Keys);
        Assert.Equal(Digest.Parse(Hash), image.Rootfs.DiffIds.Single());
        Assert.True(image.History!.Single().EmptyLayer);
    }

    [Theory]
    [InlineData("""{"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:1","size":1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":5,"size":1},"layers":[]}""")]
    [InlineData("[]")]
    public void Deserialize_BrokenManifest_IsJsonException(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, ImageJson.Default.Manifest));

    [Fact]
    public void ChainIdOf_TwoLayers_IsTheHashOfBoth()
    {
        var (a, b) = (Digest.OfSha256("a"u8), Digest.OfSha256("b"u8));

        Assert.Equal(a, ChainId.Of([a]));
        Assert.Equal(Digest.OfSha256(System.Text.Encoding.ASCII.GetBytes($"{a} {b}")), ChainId.Of([a, b]));
        Assert.Null(ChainId.Of([]));
    }
}
