using System.Net;
using System.Net.Sockets;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Networks that break, stand still and drip, and hosts that stand in for each other.</summary>
public sealed class BrokenNetworkTests
{
    private const int Half = 1 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public async Task PullAsync_TwentyRandomCuts_BringsHardlyMoreThanTheImage(int seed)
    {
        const int cuts = 20;
        var image = RandomContent.Image(seed, 20 << 20, 6 << 20, 14 << 20);
        var size = image.Blobs.Values.Sum(blob => (long)blob.Length);
        using var registry = new DistributionRegistry();
        registry.Push(image, "cut:v1");
        var random = new Random(seed);
        var places = Enumerable.Range(0, cuts).Select(_ => random.NextInt64(size)).Order();
        using var network = new TcpRelay(registry.Port, places);
        using var node = new ImageNode();

        var record = await node.PullAsync($"{network.Host}/cut:v1");

        Assert.Equal(cuts, network.Cuts);
        Assert.InRange(network.Relayed, size, size * 105 / 100);
        Assert.Equal(RandomContent.Of(seed, 20 << 20), File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
    }

    [Fact]
    public async Task PullAsync_MirrorBreaksInTheMiddle_NextHostGoesOnFromThere()
    {
        var image = RandomContent.Image(3, 2 * Half);
        var (layer, content) = (image.LayerDigests[0], image.Blobs[image.LayerDigests[0]]);
        var asked = 0;
        using var mirror = new ScriptedRegistry(request => !request.Path.Contains(layer.Hex) ? null
            : Interlocked.Increment(ref asked) == 1 ? new ScriptedAnswer(200, content, SendOnly: Half)
            : new ScriptedAnswer(206, content[Half..], SendOnly: 0, Headers: $"Content-Range: bytes {Half}-{content.Length - 1}/{content.Length}\r\n")).Add(image, "both", "v1");
        using var registry = new ScriptedRegistry().Add(image, "both", "v1");
        using var hosts = Mirror(registry, mirror);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        await node.PullAsync($"{registry.Host}/both:v1");

        Assert.Equal(2, mirror.Count(layer.Hex));
        Assert.Equal($"bytes={Half}-", registry.Requests.Single().Header("range"));
    }

    [Fact]
    public async Task PullAsync_MirrorHasAnotherBlob_NextHostServes()
    {
        var image = TestImage.Small("right");
        using var mirror = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex) ? new ScriptedAnswer(200, new byte[10]) : null)
            .Add(image, "both", "v1");
        using var registry = new ScriptedRegistry().Add(image, "both", "v1");
        using var hosts = Mirror(registry, mirror);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        await node.PullAsync($"{registry.Host}/both:v1");

        Assert.Equal(1, mirror.Count(image.LayerDigests[0].Hex));
        Assert.Equal(1, registry.Count(image.LayerDigests[0].Hex));
    }

    [Fact]
    public async Task PullAsync_EveryHostFails_NamesAllWithTheBlobAndTheCounts()
    {
        var image = TestImage.Small("unlucky");
        var layer = image.LayerDigests[0];
        using var mirror = new ScriptedRegistry(request => request.Path.Contains(layer.Hex) ? new ScriptedAnswer(503, []) : null).Add(image, "both", "v1");
        using var registry = new ScriptedRegistry(request => request.Path.Contains(layer.Hex)
            ? new ScriptedAnswer(200, image.Blobs[layer], SendOnly: 0)
            : null).Add(image, "both", "v1");
        using var hosts = Mirror(registry, mirror);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path, MaxAttempts = 3 });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/both:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains($"blob {layer}: at byte 0 of {image.Blobs[layer].Length}", error.Message);
        Assert.Contains($"GET http://{mirror.Host}/v2/both/blobs/{layer}: 503 Scripted (failed 3 times)", error.Message);
        Assert.Contains(registry.Host, error.Message.Split("; ")[1]);
        Assert.EndsWith("(failed 3 times)", error.Message);
        node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_DeadMirror_IsNotAskedFirstAgain()
    {
        var image = RandomContent.Image(5, 1000, 2000, 3000);
        using var mirror = new ScriptedRegistry(_ => new ScriptedAnswer(502, []));
        using var registry = new ScriptedRegistry().Add(image, "both", "v1");
        using var hosts = Mirror(registry, mirror);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        await node.PullAsync($"{registry.Host}/both:v1");

        Assert.Single(mirror.Requests);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(504)]
    public async Task PullAsync_StatusThatMayPass_IsTriedAgain(int status)
    {
        var image = TestImage.Small("passing");
        var asked = 0;
        using var registry = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex) && Interlocked.Increment(ref asked) <= 3
            ? new ScriptedAnswer(status, [])
            : null).Add(image, "passing", "v1");
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/passing:v1");

        Assert.Equal(4, registry.Count(image.LayerDigests[0].Hex));
    }

    [Theory]
    [InlineData("blobs")]
    [InlineData("manifests")]
    public async Task PullAsync_AnswerDrips_IsGivenUp(string kind)
    {
        var image = RandomContent.Image(6, 100_000);
        using var registry = new ScriptedRegistry(request => request.Method == "GET" && request.Path.Contains(kind)
            ? new ScriptedAnswer(200, image.Blobs[image.LayerDigests[0]]) { Drip = () => Task.Delay(20) }
            : null).Add(image, "drips", "v1");
        using var node = new ImageNode(options => options with { StallTimeout = TimeSpan.FromSeconds(2), MinBytesPerSecond = 1_000_000, MaxAttempts = 1 });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/drips:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Matches(@"only \d+ bytes came in|nothing came for|no answer within", error.Message);
        node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_EndlessHeaders_IsUnavailable()
    {
        var lines = string.Concat(Enumerable.Range(0, 5000).Select(i => $"X-Line-{i}: {new string('x', 50)}\r\n"));
        using var registry = new ScriptedRegistry(_ => new ScriptedAnswer(200, [], Headers: lines));
        using var node = new ImageNode(options => options with { MaxAttempts = 2 });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/endless:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Equal(2, registry.Requests.Count);
    }

    [Fact]
    public async Task PullAsync_HeadIsRefused_AsksTheContent()
    {
        var image = TestImage.Small("headless");
        using var registry = new ScriptedRegistry(request => request.Method == "HEAD" ? new ScriptedAnswer(405, []) : null).Add(image, "headless", "v1");
        using var node = new ImageNode();

        Assert.Equal(image.Id, (await node.PullAsync($"{registry.Host}/headless:v1")).Id);
    }

    [Fact]
    public async Task PullAsync_StoreOfTheRedirectDies_TheRegistryIsAskedForAnother()
    {
        var image = RandomContent.Image(7, 1_000_000);
        var layer = image.LayerDigests[0];
        using var dying = new TcpListener(IPAddress.Loopback, 0);
        dying.Start();
        _ = AnswerOnceByHalfAsync(dying, image.Blobs[layer]);
        using var alive = new ScriptedRegistry().Add(image, "stored", "v1");
        var stores = new Queue<string>([$"127.0.0.1:{((IPEndPoint)dying.LocalEndpoint).Port}", alive.Host]);
        using var registry = new ScriptedRegistry(request => request.Path.Contains(layer.Hex)
            ? new ScriptedAnswer(307, [], Headers: $"Location: http://{stores.Dequeue()}/v2/stored/blobs/{layer}\r\n")
            : null).Add(image, "redirected", "v1");
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/redirected:v1");

        Assert.Equal(2, registry.Count(layer.Hex));
    }

    // Whoever comes later finds the door shut.
    private static async Task AnswerOnceByHalfAsync(TcpListener listener, byte[] body)
    {
        using (var client = await listener.AcceptTcpClientAsync())
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
            }

            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n"));
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
        }

        while (true)
        {
            (await listener.AcceptTcpClientAsync()).Dispose();
        }
    }

    private static TemporaryDirectory Mirror(ScriptedRegistry registry, ScriptedRegistry mirror)
    {
        var hosts = new TemporaryDirectory();
        Directory.CreateDirectory(hosts.Join(registry.Host));
        File.WriteAllText(hosts.Join(registry.Host, "hosts.toml"), $"[host.\"http://{mirror.Host}\"]\n");
        return hosts;
    }
}
