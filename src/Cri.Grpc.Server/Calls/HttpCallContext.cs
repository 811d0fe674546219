using System.IO.Pipelines;
using Cri.Grpc.Calls;
using Cri.Grpc.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cri.Grpc.Server.Calls;

/// <summary>
/// One call on one HTTP/2 stream. Kestrel reuses the stream once the call has its status, so a method that outlives its call
/// finds here only what was read before.
/// </summary>
internal sealed partial class HttpCallContext : ServerCall, IDisposable
{
    private readonly IHttpRequestFeature _request;
    private readonly IHttpResponseFeature _response;
    private readonly IHttpResponseBodyFeature _responseBody;
    private readonly IHttpRequestLifetimeFeature _lifetime;
    private readonly CancellationTokenSource _callEnd;
    private readonly CancellationToken _aborted;
    private readonly CancellationToken _stopping;
    private CancellationTokenRegistration _stoppingRegistration;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Metadata? _exceptionTrailers;
    private bool _sent;

    public HttpCallContext(IFeatureCollection features, IHttpRequestFeature request, CancellationToken stopping)
    {
        Features = features;
        _request = request;
        _response = features.GetRequiredFeature<IHttpResponseFeature>();
        _responseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        _stopping = stopping;
        _aborted = _lifetime.RequestAborted;
        _callEnd = CancellationTokenSource.CreateLinkedTokenSource(_aborted);
        CancellationToken = _callEnd.Token;
        Method = request.Path;
        Host = request.Headers.Host.ToString();
        StartDeadline();
    }

    public IFeatureCollection Features { get; }

    public override string Method { get; }

    public override string Host { get; }

    public override string Peer => "unix:";

    public override DateTime Deadline => _deadline;

    public override CancellationToken CancellationToken { get; }

    public override Metadata RequestHeaders => _requestHeaders ??= ReadRequestHeaders();

    public override Metadata ResponseTrailers => _responseTrailers ??= [];

    /// <summary>The trailers of the exception that ended the call, or those that the method set; null when there are none.</summary>
    public Metadata? TrailersToSend => _exceptionTrailers ?? _responseTrailers;

    public override PipeReader RequestBody => Features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;

    public override PipeWriter ResponseBody => _responseBody.Writer;

    /// <summary>True once response headers are out.</summary>
    public bool HasStarted => _response.HasStarted;

    public override async Task WriteResponseHeadersAsync(Metadata responseHeaders)
    {
        if (_sent || _response.HasStarted)
        {
            throw new InvalidOperationException($"send headers of {Method}: they are out already");
        }

        SetContentType();
        foreach (var entry in responseHeaders)
        {
            _response.Headers.Append(entry.Key, entry.WireValue);
        }

        await ResponseBody.FlushAsync(CancellationToken);
    }

    public override Task SendStatusAsync(Status status) => StatusTrailers.SendAsync(this, status);

    public override void SetContentType()
    {
        _response.Headers.ContentType = GrpcHeaderNames.ContentType;
        _response.Headers[GrpcHeaderNames.AcceptEncoding] = GrpcHeaderNames.Identity;
    }

    /// <summary>Sends what is pending and ends the response.</summary>
    public Task CompleteAsync()
    {
        _ = RequestHeaders;
        _sent = true;
        return _responseBody.CompleteAsync();
    }

    /// <summary>Resets the stream.</summary>
    public void Abort() => _lifetime.Abort();

    public void Dispose()
    {
        _stoppingRegistration.Dispose();
        _callEnd.Dispose();
    }

    private Metadata ReadRequestHeaders()
    {
        var metadata = new Metadata();
        if (_sent)
        {
            return metadata;
        }

        foreach (var (name, values) in _request.Headers)
        {
            if (!GrpcHeaderNames.IsReserved(name))
            {
                values.ToList().ForEach(value => metadata.Add(MetadataEntry.FromWire(name, value ?? "")));
            }
        }

        return metadata;
    }
}
