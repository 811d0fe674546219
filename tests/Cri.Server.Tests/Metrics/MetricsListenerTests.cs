using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cri.Server.Metrics;
using Xunit;

namespace Cri.Server.Tests.Metrics;

public sealed class MetricsListenerTests : IDisposable
{
    private readonly Meter _meter = new("listener-" + Guid.NewGuid().ToString("n"));
    private readonly MetricsPage _page;
    private readonly MetricsListener _listener;

    public MetricsListenerTests()
    {
        _page = new MetricsPage(_meter.Name);
        _listener = MetricsListener.Start(_page, new IPEndPoint(IPAddress.Loopback, 0));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _page.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Get_Metrics_IsThePage()
    {
        _meter.CreateCounter<int>("grün").Add(1);
        using var client = new HttpClient();

        var answer = await client.GetAsync(new Uri($"http://{_listener.Address}/metrics?x=1"));

        Assert.Equal((HttpStatusCode.OK, "text/plain; version=0.0.4; charset=utf-8"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        Assert.EndsWith("gr_n 1\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", "ok\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found", "there are /metrics and /healthz\n")]
    [InlineData("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 Method Not Allowed", "only GET\n")]
    [InlineData("GET /metrics\r\n\r\n", "HTTP/1.1 400 Bad Request", "not an HTTP/1.1 request\n")]
    [InlineData("\r\n\r\n", "HTTP/1.1 400 Bad Request", "not an HTTP/1.1 request\n")]
    public async Task Request_IsAnsweredAndTheConnectionClosed(string request, string status, string body)
    {
        var answer = await SendAsync(request);

        Assert.StartsWith(status + "\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("Connection: close\r\n\r\n" + body, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_HeadWithoutEnd_IsRefused() =>
        Assert.StartsWith("HTTP/1.1 400 ", await SendAsync("GET /metrics HTTP/1.1\r\nX: " + new string('a', 8 * 1024 - 26)), StringComparison.Ordinal);

    [Fact]
    public async Task Connections_ThatSayNothing_DoNotKeepOthersOutForever()
    {
        var idle = new List<TcpClient>();
        for (var i = 0; i < 20; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(_listener.Address);
            idle.Add(client);
        }

        var late = SendAsync("GET /healthz HTTP/1.1\r\n\r\n");
        idle.ForEach(client => client.Dispose());

        Assert.EndsWith("ok\n", await late, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_AddressInUse_NamesIt()
    {
        var error = Assert.Throws<StartException>(() => MetricsListener.Start(_page, _listener.Address));

        Assert.StartsWith($"metrics.address {_listener.Address}: ", error.Message, StringComparison.Ordinal);
    }

    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_listener.Address);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync();
    }
}
