using Cri.Linux.Tracing;
using Cri.Server.Configuration;
using Cri.Server.Logging;
using Cri.Server.Tracing;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Server.Tests.Tracing;

// A span that is begun elsewhere meanwhile would be sent too.
[Collection(nameof(TraceExportTests))]
public sealed class TraceExportTests
{
    private const string CallersTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string CallersSpan = "00f067aa0ba902b7";

    [Theory]
    [InlineData(TraceProtocol.Http, "/v1/traces")]
    [InlineData(TraceProtocol.Grpc, "/opentelemetry.proto.collector.trace.v1.TraceService/Export")]
    public async Task Flush_AfterACallWithAStep_HasSentBoth(TraceProtocol protocol, string path)
    {
        await using var collector = await OtlpCollector.StartAsync(protocol == TraceProtocol.Grpc);
        var verb = Guid.NewGuid().ToString();
        using (var export = Begin(collector.Url, protocol, 1_000_000))
        {
            using (Spans.BeginCall(verb, "pod default/web"))
            {
                Spans.Begin($"step of {verb}")?.Dispose();
            }

            export.Flush(Eventually.Patience);
        }

        var sent = collector.Spans.Where(item => item.Span.Name.EndsWith(verb, StringComparison.Ordinal)).ToList();
        Assert.Equal(2, sent.Count);
        Assert.All(sent, item => Assert.Equal(path, item.Path));
        Assert.All(sent, item => Assert.Contains("crispd", item.Span.Service, StringComparison.Ordinal));
        var root = sent.Single(item => item.Span.Name == verb).Span;
        Assert.Equal("", root.Parent);
        Assert.Equal((root.TraceId, root.Id), sent.Where(item => item.Span.Name != verb).Select(item => (item.Span.TraceId, item.Span.Parent)).Single());
    }

    [Theory]
    [InlineData("01", 0, true)]
    [InlineData("00", 1_000_000, false)]
    public async Task Flush_AfterACallOfATracingCaller_HasSentItIfTheCallerSaysSo(string flags, int samplesPerMillion, bool isSent)
    {
        await using var collector = await OtlpCollector.StartAsync(isGrpc: false);
        var verb = Guid.NewGuid().ToString();
        using (var export = Begin(collector.Url, TraceProtocol.Http, samplesPerMillion))
        {
            Spans.BeginCall(verb, "", $"00-{CallersTrace}-{CallersSpan}-{flags}")?.Dispose();
            export.Flush(Eventually.Patience);
        }

        var sent = collector.Spans.Where(item => item.Span.Name == verb).Select(item => (item.Span.TraceId, item.Span.Parent));
        Assert.Equal(isSent ? [(CallersTrace, CallersSpan)] : [], sent);
    }

    [Fact]
    public async Task Flush_WithoutSamples_HasSentNothing()
    {
        await using var collector = await OtlpCollector.StartAsync(isGrpc: false);
        var verb = Guid.NewGuid().ToString();
        using (var export = Begin(collector.Url, TraceProtocol.Http, 0))
        {
            Spans.BeginCall(verb, "")?.Dispose();
            export.Flush(Eventually.Patience);
        }

        Assert.DoesNotContain(collector.Spans, item => item.Span.Name == verb);
    }

    [Fact]
    public void Flush_WithoutACollector_SaysThatTracesAreLost()
    {
        using var written = new MemoryStream();
        using (var export = Begin("http://127.0.0.1:1", TraceProtocol.Http, 1_000_000, new Logger(written, LogLevel.Info)))
        {
            Spans.BeginCall("call", "")?.Dispose();
            export.Flush(Eventually.Patience);
        }

        Assert.Contains("does not take them", System.Text.Encoding.UTF8.GetString(written.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Begin_WithoutAnEndpoint_DoesNothing() => Assert.Null(TraceExport.Begin(new TracingConfiguration(), new Logger(Stream.Null, LogLevel.Info)));

    private static TraceExport Begin(string url, TraceProtocol protocol, int samplesPerMillion, Logger? log = null)
    {
        var endpoint = new Uri(url);
        var configuration = new TracingConfiguration
        {
            Endpoint = protocol == TraceProtocol.Http ? new Uri(endpoint, "/v1/traces") : endpoint,
            Protocol = protocol,
            SamplesPerMillion = samplesPerMillion,
        };
        return TraceExport.Begin(configuration, log ?? new Logger(Stream.Null, LogLevel.Info))!;
    }
}
