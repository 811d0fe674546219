using Cri.Ttrpc.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc.Tests.Wire;

public sealed class EnvelopeTests
{
    [Fact]
    public void Request_WrittenAndRead_IsTheSame()
    {
        var frame = RequestEnvelope.Frame(5, "a.Service", "Method", new StringValue { Value = "é" }, 1_500_000_000);
        var header = FrameHeader.Read(frame);
        Assert.Equal(new FrameHeader((uint)frame.Length - FrameHeader.Size, 5, FrameType.Request), header);
        var request = RequestEnvelope.Read(frame.AsSpan(FrameHeader.Size));
        Assert.Equal("a.Service", request.Service);
        Assert.Equal("Method", request.Method);
        Assert.Equal(1_500_000_000, request.TimeoutNanos);
        Assert.Equal("é", StringValue.Parser.ParseFrom(request.Payload).Value);
    }

    [Fact]
    public void Request_WithMetadataAndUnknownFields_SkipsThem()
    {
        // metadata {key: "k", value: "v"}, field 9 varint, field 10 fixed64, field 11 fixed32, then the method.
        byte[] bytes = [0x2a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76, 0x48, 1, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0x5d, 0, 0, 0, 0, 0x12, 1, 0x4d];
        Assert.Equal("M", RequestEnvelope.Read(bytes).Method);
    }

    [Theory]
    [InlineData(new byte[] { 0x0a })]
    [InlineData(new byte[] { 0x0a, 200, 1, 2 })]
    [InlineData(new byte[] { 0x08, 1 })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0x0f })]
    public void Request_Malformed_IsRefused(byte[] bytes) => Assert.Throws<InvalidDataException>(() => RequestEnvelope.Read(bytes).Service);

    [Fact]
    public void Response_WithStatus_CarriesCodeAndWords()
    {
        var response = ResponseEnvelope.Read(ResponseEnvelope.Frame(1, TtrpcStatusCode.NotFound, "no such thing").AsSpan(FrameHeader.Size));
        Assert.Equal(TtrpcStatusCode.NotFound, response.Code);
        Assert.Equal("no such thing", response.Message);
    }

    [Fact]
    public void Response_WithEmptyMessage_IsAnEmptyPayload()
    {
        var frame = ResponseEnvelope.Frame(1, new Empty());
        Assert.Equal(FrameHeader.Size, frame.Length);
        Assert.Equal(TtrpcStatusCode.Ok, ResponseEnvelope.Read(frame.AsSpan(FrameHeader.Size)).Code);
    }

    [Fact]
    public void Request_BeyondFourMebibytes_IsRefusedBeforeItIsSent()
    {
        var big = new BytesValue { Value = ByteString.CopyFrom(new byte[FrameHeader.MaxPayload]) };
        var e = Assert.Throws<TtrpcException>(() => RequestEnvelope.Frame(1, "s", "m", big, 0));
        Assert.Equal(TtrpcStatusCode.ResourceExhausted, e.Code);
    }
}
