using System.Diagnostics;
using Cri.Linux.Tracing;
using Cri.Server.Configuration;
using Cri.Server.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cri.Server.Tracing;

/// <summary>
/// Sends the spans of calls to a collector by OTLP, in the background: no call waits for it, and what a collector does not take is lost.
/// A call whose caller traces it is sent, and only then, if the caller says so; of the others, the configured share is.
/// </summary>
/// <remarks>References: the OpenTelemetry protocol specification; W3C Trace Context.</remarks>
public sealed class TraceExport : IDisposable
{
    private const int SendLimit = 10_000; // ms
    private const int FlushLimit = 1000; // ms
    private const double Million = 1_000_000;
    private readonly TracerProvider _provider;

    private TraceExport(TracerProvider provider) => _provider = provider;

    /// <summary>Begins to send; null when it is not configured.</summary>
    public static TraceExport? Begin(TracingConfiguration configuration, Logger log)
    {
        if (configuration.Endpoint is not { } endpoint)
        {
            return null;
        }

        var options = new OtlpExporterOptions
        {
            Endpoint = endpoint,
            Protocol = configuration.Protocol == TraceProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            TimeoutMilliseconds = SendLimit,
        };
        var share = new ParentBasedSampler(new TraceIdRatioBasedSampler(configuration.SamplesPerMillion / Million));
        return new TraceExport(Sdk.CreateTracerProviderBuilder()
            .AddSource(Spans.SourceName)
            .SetSampler(share)
            .ConfigureResource(resource => resource
                .AddService("crispd", serviceVersion: Node.Version)
                .AddAttributes([new("host.name", Environment.MachineName), new("process.pid", (long)Environment.ProcessId)]))
            .AddProcessor(new BatchActivityExportProcessor(new ReportingExporter(options, endpoint, log)))
            .Build());
    }

    /// <summary>Sends what has ended by now. False when that took too long.</summary>
    public bool Flush(TimeSpan limit) => _provider.ForceFlush((int)limit.TotalMilliseconds);

    /// <summary>Sends what is left, within a second.</summary>
    public void Dispose()
    {
        _provider.Shutdown(FlushLimit);
        _provider.Dispose();
    }

    // The library tells nobody of its failures but who listens to its events.
    private sealed class ReportingExporter(OtlpExporterOptions options, Uri endpoint, Logger log) : OtlpTraceExporter(options)
    {
        private ExportResult _last = ExportResult.Success;

        public override ExportResult Export(in Batch<Activity> batch)
        {
            var result = base.Export(batch);
            if (result != _last && result == ExportResult.Failure)
            {
                log.Warn("the collector of traces does not take them; they are lost until it does", ("endpoint", endpoint.ToString()));
            }
            else if (result != _last)
            {
                log.Info("the collector of traces takes them again", ("endpoint", endpoint.ToString()));
            }

            return _last = result;
        }
    }
}
