using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Cri.Grpc.Tests;

/// <summary>Clients that send the socket's path for the authority, as grpc-go does, over HTTP/2 written by hand.</summary>
public sealed class AuthorityTests
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte EndStream = 0x1;
    private const byte EndHeaders = 0x4;

    // RFC 7541, appendix B: what a path is made of.
    private static readonly Dictionary<char, (int Code, int Bits)> _huffman = new()
    {
        ['%'] = (0x15, 6),
        ['2'] = (0x2, 5),
        ['F'] = (0x61, 7),
        ['r'] = (0x2c, 6),
        ['u'] = (0x2d, 6),
        ['n'] = (0x2a, 6),
        ['c'] = (0x4, 5),
        ['i'] = (0x6, 5),
        ['s'] = (0x8, 5),
        ['p'] = (0x2b, 6),
        ['.'] = (0x17, 6),
        ['o'] = (0x7, 5),
        ['k'] = (0x75, 7),
        [':'] = (0x5c, 7),
        ['/'] = (0x18, 6),
        ['='] = (0x20, 6),
    };

    public static TheoryData<string, bool> Authorities => new()
    {
        { "localhost", false },
        { "%2Frun%2Fcrisp.sock", false },
        { "%2Frun%2Fcrisp.sock", true },
        { "/run/crisp.sock", true },
        { "/run/crisp.sock", false },
        { "unix:%2Frun%2Fcrisp.sock", false },
        { ":::::::://==%%%%", true },
    };

    [Theory]
    [MemberData(nameof(Authorities))]
    public async Task Call_AuthorityInAnyForm_IsAnswered(string authority, bool coded)
    {
        await using var server = await EchoServer.StartAsync();
        using var connection = await ConnectAsync(server);
        await CallAsync(connection, 1, Literal(authority, coded));

        Assert.Equal(Headers, await AnswerAsync(connection, 1));
    }

    [Fact]
    public async Task Call_Again_FindsTheAuthorityInTheTable()
    {
        await using var server = await EchoServer.StartAsync();
        using var connection = await ConnectAsync(server);
        await CallAsync(connection, 1, Literal("%2Frun%2Fcrisp.sock", coded: true));
        Assert.Equal(Headers, await AnswerAsync(connection, 1));

        // 62 is the newest entry of the dynamic table.
        await CallAsync(connection, 3, [0x80 | 62]);
        Assert.Equal(Headers, await AnswerAsync(connection, 3));
    }

    [Fact]
    public async Task Call_HeadersInPieces_IsAnswered()
    {
        await using var server = await EchoServer.StartAsync();
        using var connection = await ConnectAsync(server);
        foreach (var piece in Request(1, Literal("%2Frun%2Fcrisp.sock", coded: false)).Chunk(7))
        {
            await connection.WriteAsync(piece);
            await Task.Yield();
        }

        Assert.Equal(Headers, await AnswerAsync(connection, 1));
    }

    [Fact]
    public async Task Call_PaddingAndPriority_AreStepped()
    {
        await using var server = await EchoServer.StartAsync();
        using var connection = await ConnectAsync(server);
        byte[] block = [3, 0, 0, 0, 0, 15, .. Block(Literal("%2Frun%2Fcrisp.sock", coded: true)), 0, 0, 0];
        await connection.WriteAsync(Frame(Headers, EndHeaders | 0x8 | 0x20, 1, block));
        await connection.WriteAsync(Frame(Data, EndStream, 1, [0, 0, 0, 0, 0]));

        Assert.Equal(Headers, await AnswerAsync(connection, 1));
    }

    private static async Task<NetworkStream> ConnectAsync(EchoServer server)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath));
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await stream.WriteAsync(Frame(Settings, 0, 0, []));
        return stream;
    }

    private static async Task CallAsync(NetworkStream connection, int stream, byte[] authority) =>
        await connection.WriteAsync(Request(stream, authority));

    private static byte[] Request(int stream, byte[] authority) =>
        [.. Frame(Headers, EndHeaders, stream, Block(authority)), .. Frame(Data, EndStream, stream, [0, 0, 0, 0, 0])];

    // :method POST, :scheme http, :path, :authority, content-type, te.
    private static byte[] Block(byte[] authority) =>
    [
        0x83, 0x86, 0x04, .. Plain("/runtime.v1.RuntimeService/Version"), .. authority,
        0x0f, 0x10, .. Plain("application/grpc"), 0x00, .. Plain("te"), .. Plain("trailers"),
    ];

    private static byte[] Literal(string authority, bool coded) => [0x41, .. coded ? Coded(authority) : Plain(authority)];

    private static byte[] Plain(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Coded(string text)
    {
        var bits = string.Concat(text.Select(letter => Convert.ToString(_huffman[letter].Code, 2).PadLeft(_huffman[letter].Bits, '0')));
        var bytes = bits.PadRight((bits.Length + 7) / 8 * 8, '1').Chunk(8).Select(chunk => Convert.ToByte(new string(chunk), 2)).ToArray();
        return [(byte)(0x80 | bytes.Length), .. bytes];
    }

    private static byte[] Frame(byte type, int flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    // The type of the first frame on the stream: HEADERS for an answer, RST_STREAM for a refusal.
    private static async Task<byte> AnswerAsync(NetworkStream connection, int stream)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var header = new byte[9];
        while (true)
        {
            await connection.ReadExactlyAsync(header, bound.Token);
            await connection.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(header) >>> 8], bound.Token);
            if (BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)) == stream && header[3] is Headers or Reset)
            {
                return header[3];
            }
        }
    }
}
