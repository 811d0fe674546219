using Cri.Ttrpc.Server;
using Cri.Ttrpc.Wire;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc.Tests.Server;

public sealed class TtrpcServerConnectionTests : IDisposable
{
    private readonly EchoService _echo = new();
    private readonly List<byte[]> _sent = [];
    private readonly TtrpcServerConnection _connection;

    public TtrpcServerConnectionTests() =>
        _connection = new TtrpcServerConnection(new TtrpcDispatcher(_echo.Service), _sent.Add, TimeProvider.System);

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void Receive_UndecodableMessage_IsInvalidArgument()
    {
        // service "test.Echo", method "Throw", a payload that ends within its first field.
        byte[] envelope = [0x0a, 9, .. "test.Echo"u8, 0x12, 5, .. "Throw"u8, 0x1a, 2, 0x0a, 5];
        _connection.Receive(Frame(1, FrameType.Request, envelope));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, Answer().Code);
    }

    [Fact]
    public void Receive_UndecodableEnvelope_IsInvalidArgument()
    {
        _connection.Receive(Frame(1, FrameType.Request, [0x0a, 200]));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, Answer().Code);
    }

    [Fact]
    public void Receive_EvenStreamId_IsInvalidArgument()
    {
        _connection.Receive(RequestEnvelope.Frame(2, EchoService.Name, "Echo", new Empty(), 0));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, Answer().Code);
    }

    [Fact]
    public void Receive_FramesThatAreNoRequests_AreIgnored()
    {
        _connection.Receive(Frame(1, FrameType.Data, [1, 2]));
        _connection.Receive(Frame(1, FrameType.Response, []));
        Assert.Empty(_sent);
    }

    [Fact]
    public void Receive_TooLongARequest_IsResourceExhaustedAndTheNextIsServed()
    {
        _connection.Receive(Frame(1, FrameType.Request, new byte[FrameHeader.MaxPayload + 1]));
        Assert.Equal(TtrpcStatusCode.ResourceExhausted, Answer().Code);
        _connection.Receive(RequestEnvelope.Frame(3, EchoService.Name, "Echo", new BytesValue(), 0));
        Assert.Equal(3u, FrameHeader.Read(_sent[1]).StreamId);
    }

    [Fact]
    public void Dispose_WithCallsInFlight_CancelsThemAndSendsNothing()
    {
        _connection.Receive(RequestEnvelope.Frame(1, EchoService.Name, "Hang", new Empty(), 0));
        Assert.Equal(1, _connection.InFlight);
        _connection.Dispose();
        Assert.True(_echo.Cancelled.Task.IsCompleted);
        Assert.Equal(0, _connection.InFlight);
        Assert.Empty(_sent);
    }

    private static byte[] Frame(uint stream, FrameType type, byte[] payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader((uint)payload.Length, stream, type).Write(frame);
        payload.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    private (TtrpcStatusCode Code, string Message) Answer()
    {
        var response = ResponseEnvelope.Read(Assert.Single(_sent).AsSpan(FrameHeader.Size));
        return (response.Code, response.Message);
    }
}
