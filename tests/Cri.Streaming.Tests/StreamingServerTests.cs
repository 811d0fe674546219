using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cri.Testing;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Streaming.Tests;

public sealed class StreamingServerTests : IAsyncLifetime
{
    private static readonly string[] _spdy = ["Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"];
    private readonly TestServer _server = TestServer.Start();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Url_UsedTwice_IsNotFoundTheSecondTime()
    {
        var url = _server.Cat();

        Assert.StartsWith("HTTP/1.1 101 ", await RequestAsync(url, $"GET {url.PathAndQuery} HTTP/1.1", _spdy));
        Assert.StartsWith("HTTP/1.1 404 ", await RequestAsync(url, $"GET {url.PathAndQuery} HTTP/1.1", _spdy));
    }

    [Theory]
    [InlineData("/exec/00000000000000000000000000000000")]
    [InlineData("/")]
    [InlineData("/metrics")]
    [InlineData("/exec/../exec/0")]
    public async Task Url_Guessed_IsNotFound(string path) =>
        Assert.StartsWith("HTTP/1.1 404 ", await RequestAsync(_server.Server.BaseAddress, $"GET {path} HTTP/1.1", _spdy));

    [Fact]
    public async Task Url_OfAnotherVerb_IsNotFound()
    {
        var url = _server.Cat();

        Assert.StartsWith("HTTP/1.1 404 ", await RequestAsync(url, $"GET {url.PathAndQuery.Replace("exec", "attach")} HTTP/1.1", _spdy));
    }

    [Fact]
    public void Register_Token_Has128Bits() => Assert.Matches("^http://127.0.0.1:[0-9]+/exec/[0-9a-f]{32}$", _server.Cat().AbsoluteUri);

    [Fact]
    public void Register_MoreThanMayWait_IsRefused()
    {
        for (var i = 0; i < 1000; i++)
        {
            _server.Cat();
        }

        Assert.Throws<TooManyStreamsException>(() => _server.Cat());
    }

    [Fact]
    public async Task Connect_MoreThanMayBe_IsClosed()
    {
        await using var server = TestServer.Start(new StreamingOptions { MaxConnections = 1 });
        var url = server.Cat();
        using var first = await StreamingConnection.OpenAsync(url);
        Assert.StartsWith("HTTP/1.1 101 ", await first.RequestAsync($"GET {url.PathAndQuery} HTTP/1.1", _spdy));

        using var second = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await second.ConnectAsync(url.Host, url.Port);

        Assert.Equal(0, await second.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public void Take_AfterAMinute_IsNothing()
    {
        var clock = new TestClock();
        var tokens = new TokenStore(clock);
        var early = tokens.Add(new PortForwardRequest([], (_, _) => throw new NotSupportedException()));
        var late = tokens.Add(new PortForwardRequest([], (_, _) => throw new NotSupportedException()));

        clock.Seconds = 59;
        Assert.NotNull(tokens.Take(early));
        clock.Seconds = 61;
        Assert.Null(tokens.Take(late));
    }

    [Theory]
    [InlineData("DELETE {0} HTTP/1.1", "405")]
    [InlineData("GET {0} HTTP/1.1", "400")] // no upgrade
    [InlineData("GET {0} HTTP/1.0", "400")]
    [InlineData("nonsense", "400")]
    public async Task Request_NotAnUpgrade_IsRefused(string line, string status)
    {
        var url = _server.Cat();

        Assert.StartsWith($"HTTP/1.1 {status} ", await RequestAsync(url, string.Format(line, url.PathAndQuery)));
    }

    [Fact]
    public async Task Request_UnknownProtocol_IsForbiddenWithWhatIsAccepted()
    {
        var url = _server.Cat();

        var head = await RequestAsync(
            url, $"POST {url.PathAndQuery} HTTP/1.1", "Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v9.channel.k8s.io");

        Assert.StartsWith("HTTP/1.1 403 ", head);
        Assert.Contains("X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io\r\n", head);
    }

    [Fact]
    public async Task Request_HeadWithoutEnd_IsRefusedAtTheBound() =>
        Assert.StartsWith("HTTP/1.1 400 ", await RequestAsync(_server.Server.BaseAddress, "GET / HTTP/1.1", "X: " + new string('x', 20_000)));

    [Fact]
    public async Task BaseAddress_Wildcard_NamesTheNode()
    {
        await using var server = TestServer.Start(new StreamingOptions { Address = IPAddress.Any });
        await using var named = TestServer.Start(new StreamingOptions { AdvertisedHost = "node.test" });

        Assert.NotEqual("0.0.0.0", server.Server.BaseAddress.Host);
        Assert.Equal("node.test", named.Server.BaseAddress.Host);
    }

    [Fact]
    public async Task Idle_NothingEitherWay_EndsTheConnection()
    {
        await using var server = TestServer.Start(new StreamingOptions { IdleTimeout = TimeSpan.FromSeconds(20) });
        var url = server.Exec(async (_, gone) =>
        {
            await Task.Delay(Timeout.Infinite, gone);
            return 0;
        });
        await using var client = await SpdyClient.ConnectAsync(url, "v4.channel.k8s.io");
        foreach (var type in new[] { "error", "stdin", "stdout", "stderr" })
        {
            await client.OpenAsync(type);
        }

        await client.Ended.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Tls_ChangedCertificate_IsUsedFromTheNextConnectionOn()
    {
        using var directory = new TemporaryDirectory("tls");
        var (cert, key) = WriteCertificate(directory, "first");
        await using var server = TestServer.Start(new StreamingOptions { CertificateFile = cert, KeyFile = key });

        var url = server.Cat(9);
        Assert.StartsWith("https://", url.AbsoluteUri);
        await using var client = await SpdyClient.ConnectAsync(url, "v4.channel.k8s.io");
        var error = await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        await client.OpenAsync("stderr");
        await stdin.WriteAsync(new byte[1_000_000], fin: true);
        Assert.Equal(1_000_000, (await stdout.ReadToEndAsync()).Length);
        Assert.Contains("\"message\":\"9\"", Encoding.UTF8.GetString(await error.ReadToEndAsync()));

        WriteCertificate(directory, "second");
        File.SetLastWriteTimeUtc(cert, DateTime.UtcNow.AddSeconds(5));
        using var connection = await StreamingConnection.OpenAsync(server.Server.BaseAddress);
        Assert.Equal("CN=second", ((System.Net.Security.SslStream)connection.Stream).RemoteCertificate!.Subject);
    }

    [Fact]
    public void Start_CertificateThatIsNone_Fails()
    {
        using var directory = new TemporaryDirectory("tls");
        var file = directory.File("cert.pem", "no certificate");

        Assert.Throws<IOException>(() => StreamingServer.Start(new StreamingOptions { CertificateFile = file, KeyFile = file }));
    }

    private static async Task<string> RequestAsync(Uri url, string line, params string[] headers)
    {
        using var connection = await StreamingConnection.OpenAsync(url);
        return await connection.RequestAsync(line, headers);
    }

    private static (string Cert, string Key) WriteCertificate(TemporaryDirectory directory, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (directory.File("cert.pem", certificate.ExportCertificatePem()), directory.File("key.pem", key.ExportPkcs8PrivateKeyPem()));
    }

    private sealed class TestClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
