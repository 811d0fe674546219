using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Cri.Streaming.Http;
using Cri.Streaming.Spdy;
using Cri.Testing.Fuzz;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Streaming.Tests.Fuzz;

/// <summary>Clients of exec, attach and port-forward that send whatever bytes: each stream ends, and nothing fails that was not foreseen.</summary>
public sealed class StreamFuzzTests
{
    private const string Upgrade = "Connection: Upgrade\r\n";
    private const string Spdy = Upgrade + "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ";
    private const string WebSocket = Upgrade + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ";

    private readonly List<string> _warnings = [];

    private static IReadOnlyList<byte[]> Frames =>
    [
        [.. Frame(0x82, 0, "hello"), .. Frame(0x81, 0, "text"), .. Frame(0x88, 0, "\x03\xe8")],
        [.. Frame(0x02, 0, "fragment"), .. Frame(0x89, null, "ping"), .. Frame(0x80, null, "ed")],
        [.. Frame(0x82, 4, "{\"Width\":80,\"Height\":24}"), .. Frame(0x82, 255, "\0"), .. Frame(0x82, 0, new string('x', 70_000))],
        Frame(0x81, (byte)'0', "aGVsbG8="),
        [.. Frame(0x82, 0, "\x90\x1f"), .. Frame(0x82, 1, "\x90\x1f"), .. Frame(0x82, 0, "GET / HTTP/1.0\r\n\r\n")],
    ];

    private static IReadOnlyList<byte[]> FrameWords =>
    [
        [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        [0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0], [0x88, 0x80, 0, 0, 0, 0], [0x8a, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0], [0xf2, 0x81], [0x82, 0x80, 0, 0, 0, 0],
        .. FuzzRun.Texts("{\"Width\":99999,\"Height\":-1}", "[[[[", "===="),
    ];

    private static IReadOnlyList<byte[]> Sessions => [Session("error", "stdin", "stdout", "stderr"), Session("error", "stdin", "stdout", "resize"), Session("error", "data")];

    private static IReadOnlyList<byte[]> SpdyWords =>
    [
        Control(1, 0, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Control(3, 0, Words(1, 5)), Control(4, 0, Words(1, 7, 0x7fffffff)), Control(4, 0, Words(0xffffffff, 7, 1)),
        Control(6, 0, Words(1)), Control(6, 0, []), Control(7, 0, Words(0, 0)), Control(8, 1, Words(1)), Control(9, 0, Words(0, 0x7fffffff)), Control(9, 0, Words(1, 0x7fffffff)),
        Control(2, 0, Words(1)), Control(99, 0, Words(1)), [0, 0, 0, 3, 0, 0, 0, 1, 65], [0, 0, 0, 3, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0x80, 2, 0, 1, 0, 0, 0, 0],
        [0x78, 0xbb], [0x1f, 0x8b],
    ];

    public static TheoryData<string, bool> WebSocketProtocols => new()
    {
        { "v5.channel.k8s.io", false }, { "v4.channel.k8s.io", true }, { "channel.k8s.io", false }, { "v4.base64.channel.k8s.io", false }, { "base64.channel.k8s.io", true },
    };

    [Theory]
    [MemberData(nameof(WebSocketProtocols))]
    public Task Exec_OverAWebSocket_AnyFrames_Ends(string protocol, bool tty) =>
        RunAsync(600, Frames, FrameWords, WebSocket + protocol, () => Echo(tty));

    [Theory]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("SPDY/3.1+portforward.k8s.io")]
    public Task PortForward_OverAWebSocket_AnyFrames_Ends(string protocol) =>
        RunAsync(600, [.. Frames, .. Sessions.Select(session => Frame(0x82, null, Encoding.Latin1.GetString(session)))], [.. FrameWords, .. SpdyWords], WebSocket + protocol, Nobody);

    [Theory]
    [InlineData("v4.channel.k8s.io", false)]
    [InlineData("v3.channel.k8s.io", true)]
    public Task Exec_OverSpdy_AnyFrames_Ends(string protocol, bool tty) =>
        RunAsync(1000, Sessions, SpdyWords, Spdy + protocol, () => Echo(tty));

    [Fact]
    public Task PortForward_OverSpdy_AnyFrames_Ends() =>
        RunAsync(1000, Sessions, SpdyWords, Spdy + "portforward.k8s.io", Nobody);

    // Each would hold its connection for as long as the other stream of the pair is waited for.
    [Fact]
    public Task PortForward_ClientsGoneAfterOneStreamOfAPair_HoldNothing() => Task.Run(async () =>
    {
        var tokens = new TokenStore(TimeProvider.System);
        var dispatch = new StreamDispatch(tokens, _ => { }, CancellationToken.None);
        for (var client = 0; client < 50; client++)
        {
            var request = Nobody();
            using var channel = new MemoryChannel(Session("data"));
            await dispatch.ServeAsync(channel, RequestHead.Parse($"GET /portforward/{tokens.Add(request)} HTTP/1.1\r\n{Spdy}portforward.k8s.io"));
        }
    }).WaitAsync(Eventually.Patience);

    [Fact]
    public void Head_AnyText_IsReadOrRefused() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts("GET /exec/0?port=1&port=2,3 HTTP/1.1\r\nHost: x\r\n" + WebSocket + "v5.channel.k8s.io", "POST /attach/0 HTTP/1.1\r\n" + Spdy + "v4.channel.k8s.io, v3"),
        FuzzRun.Texts("\r\n", ":", " ", "%", "%zz", "%00", "HTTP/1.1", "port=", ",", "?", "\0", "Upgrade", "\t"),
        input =>
        {
            if (RequestHead.Parse(Encoding.Latin1.GetString(input)) is { } head)
            {
                Assert.StartsWith("/", head.Path);
                _ = head.QueryValues("port").ToList();
                _ = head.AsksFor("websocket") || head.AsksFor("SPDY/3.1");
            }
        });

    [Fact]
    public void Headers_AnyCompressedBlock_IsReadOrABreachOfTheProtocol() => FuzzRun.Run(
        5_000,
        [new HeaderCompression().Compress(HeaderBlock.Write(new Dictionary<string, string> { ["streamtype"] = "stdin", ["port"] = "80" })).ToArray()],
        [[0x78, 0xbb], [0, 0, 0, 1], [0xff, 0xff, 0xff, 0xff], [0, 0, 0xff, 0xff]],
        input =>
        {
            try
            {
                HeaderBlock.Read(new HeaderCompression().Decompress(input));
            }
            catch (SpdyException)
            {
            }
        });

    private async Task RunAsync(int cases, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> words, string headers, Func<StreamRequest> what)
    {
        var tokens = new TokenStore(TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var dispatch = new StreamDispatch(tokens, text => { lock (_warnings) { _warnings.Add(text); } }, stop.Token);
        await FuzzRun.RunAsync(cases, seeds, words, async input =>
        {
            var request = what();
            using var channel = new MemoryChannel(input);
            var head = RequestHead.Parse($"GET /{request.PathSegment}/{tokens.Add(request)}?port=8080 HTTP/1.1\r\n{headers}");
            try
            {
                await dispatch.ServeAsync(channel, head);
            }
            catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException)
            {
                // As the server takes it for a client that is gone.
            }

            Assert.True(channel.Received > 0);
            Assert.Empty(_warnings);
        });
    }

    private static TerminalRequest Echo(bool tty) => new(TerminalVerb.Exec, Stdin: true, Stdout: true, Stderr: !tty, Tty: tty, async (streams, gone) =>
    {
        var sizes = streams.Resizes.ReadAllAsync(gone).GetAsyncEnumerator(gone);
        _ = sizes.MoveNextAsync().AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        await streams.Stdin!.CopyToAsync(streams.Stdout!, gone);
        return 3;
    });

    private static PortForwardRequest Nobody() => new([8080], (port, _) => throw new StreamException($"nobody listens on {port}"));

    private static byte[] Frame(byte first, byte? channel, string text)
    {
        byte[] payload = [.. channel is { } number ? [number] : Array.Empty<byte>(), .. Encoding.Latin1.GetBytes(text)];
        byte[] mask = [1, 2, 3, 4];
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
        byte[] head = payload.Length < 126 ? [(byte)(0x80 | payload.Length)] : payload.Length < 65536 ? [0xfe, .. length[6..]] : [0xff, .. length];
        return [first, .. head, .. mask, .. payload.Select((value, at) => (byte)(value ^ mask[at % 4]))];
    }

    private static byte[] Session(params string[] types)
    {
        var compression = new HeaderCompression();
        var bytes = new List<byte>();
        foreach (var (number, type) in types.Index())
        {
            var headers = HeaderBlock.Write(new Dictionary<string, string> { ["streamtype"] = type, ["port"] = "8080", ["requestid"] = "0" });
            bytes.AddRange(Control(1, 0, [.. Words((uint)(2 * number + 1), 0), 0, 0, .. compression.Compress(headers)]));
        }

        bytes.AddRange([0, 0, 0, 3, 0, 0, 0, 5, .. "hello"u8, 0, 0, 0, 7, 0, 0, 0, 24, .. "{\"Width\":80,\"Height\":24}"u8, 0, 0, 0, 3, 1, 0, 0, 0]);
        return [.. bytes];
    }

    private static byte[] Control(ushort type, byte flags, byte[] payload) =>
        [0x80, 3, (byte)(type >> 8), (byte)type, flags, (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    private static byte[] Words(params uint[] words)
    {
        var bytes = new byte[words.Length * 4];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }
}
