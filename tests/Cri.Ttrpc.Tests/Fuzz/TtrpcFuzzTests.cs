using System.Net.Sockets;
using Cri.Testing.Fuzz;
using Cri.Ttrpc.Server;
using Cri.Ttrpc.Tests.Server;
using Cri.Ttrpc.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc.Tests.Fuzz;

/// <summary>Frames that no peer should send: the server answers in whole frames or not at all, the client ends its calls.</summary>
public sealed class TtrpcFuzzTests
{
    private static readonly byte[] _longTimeout = [0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

    private static IReadOnlyList<byte[]> Requests =>
    [
        Call(1, "Echo", new BytesValue { Value = ByteString.CopyFrom(new byte[300]) }),
        Call(3, "Throw", new StringValue { Value = "words" }),
        Call(5, "Refuse", new StringValue { Value = "words" }, 1),
        Call(7, "Nothing", new Empty(), long.MaxValue),
        [.. Call(9, "Echo", new BytesValue()), .. Call(11, "Echo", new BytesValue { Value = ByteString.CopyFromUtf8("more") }, 1_000_000)],
        new byte[FrameHeader.Size],
    ];

    private static IReadOnlyList<byte[]> Answers =>
    [
        ResponseEnvelope.Frame(1, new BytesValue { Value = ByteString.CopyFrom(new byte[100]) }),
        ResponseEnvelope.Frame(1, TtrpcStatusCode.NotFound, "not here"),
        [.. ResponseEnvelope.Frame(3, new Empty()), .. ResponseEnvelope.Frame(1, new Empty())],
    ];

    private static IReadOnlyList<byte[]> Words =>
    [
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 0], [0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0], [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 2, 0], [0, 0, 0, 4, 0, 0, 0, 1],
        _longTimeout, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x0b, 0x0c], [0xd0, 0x0f],
        .. FuzzRun.Texts("test.Echo", "Echo"),
    ];

    [Fact]
    public void Server_AnyBytes_AnswersInWholeFramesAndNeverThrows() => FuzzRun.Run(20_000, Requests, Words, input =>
    {
        var sent = new List<byte[]>();
        using var connection = new TtrpcServerConnection(new TtrpcDispatcher(new EchoService().Service), sent.Add, TimeProvider.System);

        FeedInPieces(input, connection.Receive);

        foreach (var frame in sent.ToArray())
        {
            var header = FrameHeader.Read(frame);
            Assert.Equal((FrameType.Response, frame.Length - FrameHeader.Size), (header.Type, (int)header.Length));
            Assert.InRange(frame.Length, FrameHeader.Size, FrameHeader.Size + FrameHeader.MaxPayload);
            ResponseEnvelope.Read(frame.AsSpan(FrameHeader.Size));
        }
    });

    [Fact]
    public void Decoder_AnyBytesInAnyPieces_GivesTheSameFrames() => FuzzRun.Run(20_000, Requests, Words, input =>
        Assert.Equal(Frames(decoder => decoder.Receive(input)), Frames(decoder => FeedInPieces(input, decoder.Receive))));

    [Fact]
    public void Envelopes_AnyBytes_AreReadOrMalformed() => FuzzRun.Run(20_000, [.. Requests, .. Answers], Words, input =>
    {
        try
        {
            var request = RequestEnvelope.Read(input);
            Assert.True(request.Payload.Length <= input.Length);
        }
        catch (InvalidDataException)
        {
        }

        try
        {
            var response = ResponseEnvelope.Read(input);
            Assert.True(response.Payload.Length <= input.Length);
        }
        catch (InvalidDataException)
        {
        }
    });

    [Fact]
    public async Task Client_AnyAnswer_EndsItsCall()
    {
        var directory = Directory.CreateTempSubdirectory("ttrpc-");
        var path = Path.Combine(directory.FullName, "s");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        try
        {
            await FuzzRun.RunAsync(500, Answers, Words, async input =>
            {
                await using var client = await TtrpcClient.ConnectAsync(path);
                var call = client.CallAsync(EchoService.Name, "Echo", new BytesValue(), BytesValue.Parser);
                using (var server = await listener.AcceptAsync())
                {
                    await server.ReceiveAsync(new byte[1024]);
                    await SendAsync(server, input);
                    server.Shutdown(SocketShutdown.Send);
                    try
                    {
                        await call;
                    }
                    catch (TtrpcException)
                    {
                    }
                }

                await client.Closed;
            });
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // The sum of this timeout and what rounds it up to milliseconds is more than 64 bits hold.
    [Fact]
    public void Server_LongestTimeout_IsNone()
    {
        var sent = new List<byte[]>();
        using var connection = new TtrpcServerConnection(new TtrpcDispatcher(new EchoService().Service), sent.Add, TimeProvider.System);

        connection.Receive(Call(1, "Echo", new BytesValue(), long.MaxValue));

        Assert.Equal(TtrpcStatusCode.Ok, ResponseEnvelope.Read(sent.Single().AsSpan(FrameHeader.Size)).Code);
    }

    [Fact]
    public void Server_MethodNameOfMebibytes_IsAnsweredInAFrameThatMayBeSent()
    {
        var sent = new List<byte[]>();
        using var connection = new TtrpcServerConnection(new TtrpcDispatcher(new EchoService().Service), sent.Add, TimeProvider.System);

        connection.Receive(RequestEnvelope.Frame(1, EchoService.Name, new string('x', FrameHeader.MaxPayload - 100), new Empty(), 0));

        Assert.InRange(sent.Single().Length, 1, FrameHeader.Size + FrameHeader.MaxPayload);
    }

    private static byte[] Call(uint stream, string method, IMessage request, long timeout = 0) =>
        RequestEnvelope.Frame(stream, EchoService.Name, method, request, timeout);

    private delegate void Receiver(ReadOnlySpan<byte> bytes);

    private static void FeedInPieces(byte[] input, Receiver receive)
    {
        var random = new Random(input.Length);
        for (var at = 0; at < input.Length;)
        {
            var count = Math.Min(random.Next(1, random.Next(2) == 0 ? 16 : 5000), input.Length - at);
            receive(input.AsSpan(at, count));
            at += count;
        }
    }

    private static List<string> Frames(Action<FrameDecoder> feed)
    {
        var frames = new List<string>();
        feed(new FrameDecoder((header, payload, oversized) => frames.Add($"{header} {oversized} {Convert.ToHexString(payload)}")));
        return frames;
    }

    private static async Task SendAsync(Socket server, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await server.SendAsync(bytes.AsMemory(sent));
        }
    }
}
