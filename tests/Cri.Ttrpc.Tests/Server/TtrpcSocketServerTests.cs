using Cri.Ttrpc.Server;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc.Tests.Server;

public sealed class TtrpcSocketServerTests : IAsyncLifetime
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ttrpc-");
    private readonly EchoService _echo = new();
    private TtrpcSocketServer _server = null!;
    private TtrpcClient _client = null!;

    private string SocketPath => Path.Combine(_directory.FullName, "s");

    public async Task InitializeAsync()
    {
        _server = TtrpcSocketServer.Listen(SocketPath, new TtrpcDispatcher(_echo.Service));
        _client = await TtrpcClient.ConnectAsync(SocketPath);
    }

    public async Task DisposeAsync()
    {
        _echo.Release.TrySetResult();
        await _client.DisposeAsync();
        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Call_Many_AreMultiplexedOverOneConnection()
    {
        var hanging = CallAsync("Hang", new Empty(), Empty.Parser);
        var echoes = Enumerable.Range(0, 200).Select(i => EchoAsync(new byte[i * 331])).ToArray();
        var answers = await Task.WhenAll(echoes).WaitAsync(_patience);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i * 331), answers.Select(answer => answer.Value.Length));
        Assert.False(hanging.IsCompleted);
        _echo.Release.SetResult();
        await hanging.WaitAsync(_patience);
    }

    [Fact]
    public async Task Call_NearFourMebibytes_IsCarriedWhole()
    {
        var bytes = new byte[(4 << 20) - 100];
        Random.Shared.NextBytes(bytes);
        Assert.Equal(bytes, (await EchoAsync(bytes).WaitAsync(_patience)).Value.ToByteArray());
    }

    [Theory]
    [InlineData("test.Echo", "Nothing", "service test.Echo has no method Nothing")]
    [InlineData("test.None", "Echo", "service test.None is not served here")]
    public async Task Call_Unknown_IsUnimplemented(string service, string method, string words)
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _client.CallAsync(service, method, new Empty(), Empty.Parser).WaitAsync(_patience));
        Assert.Equal(TtrpcStatusCode.Unimplemented, e.Code);
        Assert.Equal(words, e.Message);
    }

    [Theory]
    [InlineData("Throw", TtrpcStatusCode.Unknown)]
    [InlineData("Refuse", TtrpcStatusCode.FailedPrecondition)]
    public async Task Call_HandlerThrows_CarriesCodeAndWords(string method, TtrpcStatusCode code)
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => CallAsync(method, new StringValue { Value = "why not" }, Empty.Parser));
        Assert.Equal(code, e.Code);
        Assert.Equal("why not", e.Message);
    }

    [Fact]
    public async Task Call_BeyondItsTimeout_EndsInDeadlineExceededAndCancelsTheHandler()
    {
        var e = await Assert.ThrowsAsync<TtrpcException>(() => _client.CallAsync(
            EchoService.Name, "Hang", new Empty(), Empty.Parser, TimeSpan.FromMilliseconds(50)).WaitAsync(_patience));
        Assert.Equal(TtrpcStatusCode.DeadlineExceeded, e.Code);
        await _echo.Cancelled.Task.WaitAsync(_patience);
        await EchoAsync([1]).WaitAsync(_patience);
    }

    [Fact]
    public async Task Call_GivenUpByItsCaller_LeavesTheConnectionUsable()
    {
        using var source = new CancellationTokenSource();
        var hanging = _client.CallAsync(EchoService.Name, "Hang", new Empty(), Empty.Parser, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging.WaitAsync(_patience));
        _echo.Release.SetResult();
        await EchoAsync([1]).WaitAsync(_patience);
    }

    [Fact]
    public async Task Connection_ClosedByTheServer_FailsCallsWithUnavailable()
    {
        var hanging = CallAsync("Hang", new Empty(), Empty.Parser);
        await EchoAsync([1]);
        await _server.DisposeAsync();
        var e = await Assert.ThrowsAsync<TtrpcException>(() => hanging.WaitAsync(_patience));
        Assert.Equal(TtrpcStatusCode.Unavailable, e.Code);
        await _client.Closed.WaitAsync(_patience);
        await _echo.Cancelled.Task.WaitAsync(_patience);
        e = await Assert.ThrowsAsync<TtrpcException>(() => EchoAsync([1]).WaitAsync(_patience));
        Assert.Equal(TtrpcStatusCode.Unavailable, e.Code);
    }

    [Fact]
    public async Task Call_ThatFailsForTheEndOfItsConnection_FindsItNotOpen()
    {
        // Many, so that the first learn of it while the rest is still being told.
        var calls = Enumerable.Range(0, 1000).Select(_ => OpenAfterHangAsync()).ToArray();
        await EchoAsync([1]);
        await _server.DisposeAsync();
        Assert.DoesNotContain(true, await Task.WhenAll(calls).WaitAsync(_patience));
    }

    [Fact]
    public async Task Connect_NobodyListens_IsUnavailableAndNamesThePath()
    {
        var path = Path.Combine(_directory.FullName, "none");
        var e = await Assert.ThrowsAsync<TtrpcException>(() => TtrpcClient.ConnectAsync(path));
        Assert.Equal(TtrpcStatusCode.Unavailable, e.Code);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    private async Task<bool> OpenAfterHangAsync()
    {
        await Assert.ThrowsAsync<TtrpcException>(() => CallAsync("Hang", new Empty(), Empty.Parser));
        return _client.IsOpen;
    }

    private Task<BytesValue> EchoAsync(byte[] bytes) =>
        CallAsync("Echo", new BytesValue { Value = ByteString.CopyFrom(bytes) }, BytesValue.Parser);

    private Task<T> CallAsync<T>(string method, IMessage request, MessageParser<T> parser)
        where T : IMessage<T> =>
        _client.CallAsync(EchoService.Name, method, request, parser);
}
