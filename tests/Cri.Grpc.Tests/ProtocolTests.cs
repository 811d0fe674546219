using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Cri.Api.V1;
using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

/// <summary>What the server says to a peer that speaks HTTP/2, but gRPC only as each test lets it.</summary>
public sealed class ProtocolTests
{
    private const string Version = "/runtime.v1.RuntimeService/Version";
    private static readonly byte[] _hello = Frame(new VersionRequest { Version = "v1" }.ToByteArray());

    [Fact]
    public async Task Post_WellFormed_GivesMessageAndTrailers()
    {
        await using var server = await EchoServer.StartAsync();
        using var response = await PostAsync(server, Version, _hello);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("v1", VersionResponse.Parser.ParseFrom(body, 5, body.Length - 5).Version);
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
        Assert.Equal("echo", response.TrailingHeaders.GetValues("answered-by").Single());
        Assert.False(response.Headers.Contains("server"));
    }

    [Theory]
    [InlineData("/runtime.v1.RuntimeService/Nothing", "unknown method Nothing for service runtime.v1.RuntimeService")]
    [InlineData("/runtime.v1alpha2.RuntimeService/Version", "unknown service runtime.v1alpha2.RuntimeService")]
    [InlineData("/Version", "malformed method name /Version")]
    public async Task Post_UnknownMethod_IsUnimplemented(string path, string detail)
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal(new Status(StatusCode.Unimplemented, detail), await StatusAsync(server, path, _hello));
    }

    [Fact]
    public async Task Post_NotImplementedMethod_IsUnimplemented()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal(StatusCode.Unimplemented, (await StatusAsync(server, "/runtime.v1.RuntimeService/Attach", Frame([]))).StatusCode);
    }

    [Fact]
    public async Task Post_CompressedFlag_IsUnimplemented()
    {
        await using var server = await EchoServer.StartAsync();
        byte[] compressed = [1, .. _hello.AsSpan(1)];
        Assert.Equal(StatusCode.Unimplemented, (await StatusAsync(server, Version, compressed)).StatusCode);
    }

    [Fact]
    public async Task Post_GzipEncoding_IsUnimplementedAndSaysWhatIsAccepted()
    {
        await using var server = await EchoServer.StartAsync();
        using var response = await PostAsync(server, Version, _hello, request => request.Headers.Add("grpc-encoding", "gzip"));
        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.Equal("identity", response.Headers.GetValues("grpc-accept-encoding").Single());
    }

    [Fact]
    public async Task Post_UnicodeDetail_IsPercentEncoded()
    {
        await using var server = await EchoServer.StartAsync();
        var body = Frame(new RemoveContainerRequest { ContainerId = "missing" }.ToByteArray());
        using var response = await PostAsync(server, "/runtime.v1.RuntimeService/RemoveContainer", body);
        Assert.Equal(
            "container missing: gr%C3%B6%C3%9Fer als 100%25 %C2%ABunbekannt%C2%BB %F0%9F%A6%80%0A",
            response.Headers.GetValues("grpc-message").Single());
    }

    [Theory]
    [InlineData(new byte[] { }, StatusCode.Unimplemented)]
    [InlineData(new byte[] { 0, 0, 0 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, StatusCode.Internal)]
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 10, 200 }, StatusCode.Internal)]
    [InlineData(new byte[] { 0, 255, 255, 255, 255, 1 }, StatusCode.ResourceExhausted)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, StatusCode.Unimplemented)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 1 }, StatusCode.Unimplemented)]
    public async Task Post_MalformedBody_GetsItsStatusAndLeavesTheConnectionUsable(byte[] body, StatusCode expected)
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal(expected, (await StatusAsync(server, Version, body)).StatusCode);
        Assert.Equal(StatusCode.OK, (await StatusAsync(server, Version, _hello)).StatusCode);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("1x")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    public async Task Post_MalformedTimeout_IsInternal(string timeout)
    {
        await using var server = await EchoServer.StartAsync();
        using var response = await PostAsync(server, Version, _hello, request => request.Headers.Add("grpc-timeout", timeout));
        Assert.Equal(StatusCode.Internal, StatusOf(response).StatusCode);
    }

    [Theory]
    [InlineData("StopContainer")]
    [InlineData("StartContainer")]
    [InlineData("StreamPodSandboxes")]
    public async Task Post_TimeoutPasses_ServerAnswersDeadlineExceeded(string method)
    {
        await using var server = await EchoServer.StartAsync();
        var path = $"/runtime.v1.RuntimeService/{method}";
        using var response = await PostAsync(server, path, Frame([]), request => request.Headers.Add("grpc-timeout", "100m"));
        await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(StatusCode.DeadlineExceeded, StatusOf(response).StatusCode);
    }

    [Fact]
    public async Task Get_AnyPath_IsMethodNotAllowed()
    {
        await using var server = await EchoServer.StartAsync();
        using var request = Request(HttpMethod.Get, Version);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task Post_OtherContentType_IsUnsupportedMediaType()
    {
        await using var server = await EchoServer.StartAsync();
        using var request = Request(HttpMethod.Post, Version);
        request.Content = new StringContent("{}", new MediaTypeHeaderValue("application/json"));
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    private static async Task<Status> StatusAsync(EchoServer server, string path, byte[] body)
    {
        using var response = await PostAsync(server, path, body);
        return StatusOf(response);
    }

    private static Status StatusOf(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        var detail = headers.TryGetValues("grpc-message", out var values) ? values.Single() : "";
        return new Status((StatusCode)int.Parse(headers.GetValues("grpc-status").Single()), detail);
    }

    private static async Task<HttpResponseMessage> PostAsync(
        EchoServer server, string path, byte[] body, Action<HttpRequestMessage>? change = null)
    {
        using var request = Request(HttpMethod.Post, path);
        request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
        change?.Invoke(request);
        return await server.Http.SendAsync(request);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path) => new(method, "http://localhost" + path)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }
}
