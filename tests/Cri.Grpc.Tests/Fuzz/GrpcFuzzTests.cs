using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Cri.Api.V1;
using Cri.Grpc.Server.Hosting;
using Cri.Grpc.Wire;
using Cri.Testing.Fuzz;
using Xunit;

namespace Cri.Grpc.Tests.Fuzz;

/// <summary>What a client can send to our socket besides calls: nothing of it ends the server, or a connection that is not its own.</summary>
public sealed class GrpcFuzzTests
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte EndStream = 0x1;
    private const byte EndHeaders = 0x4;
    private static readonly byte[] _preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private static IReadOnlyList<byte[]> Blocks =>
    [
        Block([0x41, .. Plain("%2Frun%2Fcrisp.sock")]), Block([0x01, .. Plain("/run/x:1")]),

        // The Huffman code of "%2F" and some bits more.
        Block([0x41, 0x83, 0x54, 0x4e, 0x1f]), [0x3f, 0xe1, 0x1f, .. Block([0x41, 0x80])],
    ];

    private static IReadOnlyList<byte[]> Connections =>
    [
        [.. _preface, .. Frame(Settings, 0, 0, []), .. Call(1, "/runtime.v1.RuntimeService/Version", [])],
        [.. _preface, .. Frame(Settings, 0, 0, [0, 4, 0, 0, 0xff, 0xff]), .. Call(1, "/runtime.v1.RuntimeService/Nothing", [0x0a, 0x01, 0x78]), .. Call(3, "/", [])],
        [.. _preface, .. Frame(Settings, 0, 0, []), .. Frame(Headers, EndHeaders | 0x28, 1, [3, 0, 0, 0, 0, 15, .. Blocks[0], 0, 0, 0]), .. Frame(Data, 0, 1, [0, 0xff, 0xff, 0xff, 0xff, 1])],
        [.. _preface, .. Frame(Settings, 0, 0, []), .. Frame(Headers, 0, 1, Blocks[0][..5]), .. Frame(9, EndHeaders, 1, Blocks[0][5..]), .. Frame(6, 0, 0, new byte[8]), .. Frame(8, 0, 0, [0, 0, 1, 0]), .. Frame(3, 0, 1, [0, 0, 0, 8])],
        Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];

    private static IReadOnlyList<byte[]> Words =>
    [
        _preface, [0, 0x40, 0, 1, 4, 0, 0, 0, 1], [0xff, 0xff, 0xff, 1, 4, 0, 0, 0, 3], [0, 0, 0, 4, 1, 0, 0, 0, 0], [0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff], [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8],
        [0xff, 0xff, 0xff, 0xff, 0x7f], [0x7f, 0xff, 0xff, 0xff, 0x0f], [0x3f, 0xff, 0xff, 0xff, 0x0f], [0x80], [0xbe], [0x41, 0xff, 0x80, 0x80, 0x80, 0x01],
        [0, 0, 0, 0, 5], [1, 0, 0, 0, 0], .. FuzzRun.Texts("grpc-timeout", "99999999H", "application/grpc", ":authority", "x-bin"),
    ];

    [Fact]
    public void HeaderBlock_AnyBytes_IsCleanedInPlaceOrLeft() => FuzzRun.Run(50_000, Blocks, Words, input =>
    {
        var block = input.ToArray();
        HeaderBlock.CleanAuthority(block);
        Assert.False(HeaderBlock.CleanAuthority(block), "what was cleaned is not clean");
    });

    [Fact]
    public Task AuthorityReader_AnyBytesInAnyPieces_PassesAllOfThem() => FuzzRun.RunAsync(3_000, Connections, Words, async input =>
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var reader = new AuthorityReader(pipe.Reader);
        var writing = WriteAsync(pipe.Writer, input);
        var random = new Random(input.Length);
        long passed = 0;
        while (true)
        {
            var result = await reader.ReadAsync();
            var count = result.IsCompleted ? result.Buffer.Length : random.NextInt64(0, result.Buffer.Length + 1);
            passed += count;
            reader.AdvanceTo(result.Buffer.GetPosition(count), result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        await writing;
        Assert.Equal(input.Length, passed);
    });

    [Fact]
    public void HeaderValues_AnyText_AreReadOrPassedOver() => FuzzRun.Run(
        20_000,
        FuzzRun.Texts("10S", "99999999H", "%E2%82%AC 100%25", "YWJj", "words"),
        FuzzRun.Texts("%", "%zz", "%C3", "n", "u", "H", "=", "\0", "\n", "\u20ac"),
        input =>
        {
            var text = Encoding.UTF8.GetString(input);
            Assert.True(!GrpcTimeout.TryParse(text, out var timeout) || timeout >= TimeSpan.Zero);
            _ = PercentEncoding.Decode(text);
            Assert.Equal(text, PercentEncoding.Decode(PercentEncoding.Encode(text)));
            Assert.All(PercentEncoding.Encode(text), letter => Assert.InRange(letter, ' ', '~'));
            _ = MetadataEntry.FromWire("x-bin", text);
        });

    [Fact]
    public async Task Socket_AnyBytes_LeaveTheServerServing()
    {
        await using var server = await EchoServer.StartAsync();
        var number = 0;
        await FuzzRun.RunAsync(400, Connections, Words, async input =>
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
            await TryAsync(async () =>
            {
                for (var sent = 0; sent < input.Length;)
                {
                    sent += await socket.SendAsync(input.AsMemory(sent));
                }

                socket.Shutdown(SocketShutdown.Send);
                var buffer = new byte[4096];
                while (await socket.ReceiveAsync(buffer) > 0)
                {
                }
            });
            if (++number % 20 == 0)
            {
                Assert.NotEmpty((await server.Client.VersionAsync(new VersionRequest())).RuntimeName);
            }
        });
    }

    // The server may hang up before it was sent everything.
    private static async Task TryAsync(Func<Task> talk)
    {
        try
        {
            await talk();
        }
        catch (SocketException)
        {
        }
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] input)
    {
        var random = new Random(input.Length + 1);
        for (var at = 0; at < input.Length;)
        {
            var count = Math.Min(random.Next(1, 3000), input.Length - at);
            await writer.WriteAsync(input.AsMemory(at, count));
            at += count;
            await Task.Yield();
        }

        await writer.CompleteAsync();
    }

    private static byte[] Call(int stream, string path, byte[] message) =>
    [
        .. Frame(Headers, EndHeaders, stream, [0x83, 0x86, 0x04, .. Plain(path), 0x41, .. Plain("localhost"), .. Rest]),
        .. Frame(Data, EndStream, stream, [0, 0, 0, 0, (byte)message.Length, .. message]),
    ];

    private static byte[] Rest => [0x0f, 0x10, .. Plain("application/grpc"), 0x00, .. Plain("te"), .. Plain("trailers"), 0x00, .. Plain("grpc-timeout"), .. Plain("30S")];

    private static byte[] Block(byte[] authority) => [0x83, 0x86, 0x04, .. Plain("/runtime.v1.RuntimeService/Version"), .. authority, .. Rest];

    private static byte[] Plain(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
        [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, (byte)stream, .. payload];
}
