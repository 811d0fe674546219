using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Cri.Server.Tests.Tracing;

/// <summary>A collector of OTLP on a loopback port, over HTTP/1.1 or gRPC, which keeps the spans that it is sent.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private const int GrpcPrefix = 5;
    private readonly WebApplication _server;
    private readonly List<(string Path, CollectedSpan Span)> _spans = [];

    private OtlpCollector(bool isGrpc)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        _server = builder.Build();
        _server.Run(context => TakeAsync(context, isGrpc));
    }

    /// <summary>Its URL, without a path.</summary>
    public string Url => _server.Urls.Single();

    /// <summary>What it was sent, and to which path.</summary>
    public IReadOnlyList<(string Path, CollectedSpan Span)> Spans
    {
        get
        {
            lock (_spans)
            {
                return [.. _spans];
            }
        }
    }

    /// <summary>Starts it.</summary>
    public static async Task<OtlpCollector> StartAsync(bool isGrpc)
    {
        var collector = new OtlpCollector(isGrpc);
        await collector._server.StartAsync();
        await collector.WarmUpAsync(isGrpc);
        return collector;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // The first request compiles half of a web server and a client, for which an export on a busy machine has too little time.
    private async Task WarmUpAsync(bool isGrpc)
    {
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var request = new HttpRequestMessage(HttpMethod.Post, Url)
        {
            Content = new ByteArrayContent(new byte[isGrpc ? GrpcPrefix : 0]),
            Version = isGrpc ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await client.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    private async Task TakeAsync(HttpContext context, bool isGrpc)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var message = body.ToArray();
        if (isGrpc)
        {
            Assert.Equal(message.Length - GrpcPrefix, BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)));
            message = message[GrpcPrefix..];
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(new byte[GrpcPrefix]);
            context.Response.AppendTrailer("grpc-status", "0");
        }

        lock (_spans)
        {
            _spans.AddRange(CollectedSpan.ReadAll(message).Select(span => (context.Request.Path.Value!, span)));
        }
    }
}

/// <summary>A span as it was sent.</summary>
/// <param name="Service">The resource's attributes, in order, name and value.</param>
/// <param name="TraceId">In lower-case hexadecimal.</param>
/// <param name="Id">In lower-case hexadecimal.</param>
/// <param name="Parent">In lower-case hexadecimal; "" for none.</param>
/// <param name="Name">Its name.</param>
internal sealed record CollectedSpan(string Service, string TraceId, string Id, string Parent, string Name)
{
    private const int ResourceSpans = 1;
    private const int Resource = 1;
    private const int ScopeSpans = 2;
    private const int Span = 2;

    /// <summary>Reads an ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1).</summary>
    public static IEnumerable<CollectedSpan> ReadAll(byte[] request) =>
        from resource in Fields(request, ResourceSpans)
        let service = Fields(resource, Resource).Select(bytes => System.Text.Encoding.UTF8.GetString(bytes)).Single()
        from scope in Fields(resource, ScopeSpans)
        from span in Fields(scope, Span)
        select new CollectedSpan(service, Hex(span, 1), Hex(span, 2), Hex(span, 4), System.Text.Encoding.UTF8.GetString(Fields(span, 5).Single()));

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).SingleOrDefault() ?? []);

    private static List<byte[]> Fields(byte[] message, int field)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        for (uint tag; (tag = input.ReadTag()) != 0;)
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited))
            {
                found.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return found;
    }
}
