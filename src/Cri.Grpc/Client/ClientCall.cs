using System.Net;
using System.Net.Http.Headers;
using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>
/// One call under way: the request is sent when it starts, responses are read one by one, and the status ends it. Dispose
/// before the end resets the stream, which cancels the call on the server.
/// </summary>
internal sealed class ClientCall : IDisposable
{
    private readonly string _socketPath;
    private readonly DateTime? _deadline;
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _lifetime;
    private readonly int _maxMessageSize;
    private Task<HttpResponseMessage>? _sent;
    private MessageStreamReader? _messages;
    private int _disposed;

    private ClientCall(string socketPath, string method, CallOptions options, int maxMessageSize)
    {
        _socketPath = socketPath;
        Method = method;
        _deadline = options.Deadline?.ToUniversalTime();
        _callerToken = options.CancellationToken;
        _lifetime = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        _maxMessageSize = maxMessageSize;
    }

    /// <summary>The method called, /package.Service/Method.</summary>
    public string Method { get; }

    /// <summary>Sends a body of framed requests and returns without waiting for anything.</summary>
    public static ClientCall Start(
        HttpMessageInvoker http, string socketPath, string method, CallOptions options, HttpContent request, int maxMessageSize)
    {
        var call = new ClientCall(socketPath, method, options, maxMessageSize);
        call._sent = call.SendAsync(http, request, options.Headers);
        return call;
    }

    /// <summary>The one message of a unary call, once its status is known; then the call is disposed.</summary>
    public async Task<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        using (this)
        {
            var response = await ReadMessageAsync(marshaller, CancellationToken.None)
                ?? throw new RpcException(new Status(StatusCode.Internal, $"call {Method}: OK without a response message"));
            return await ReadMessageAsync(marshaller, CancellationToken.None) is null
                ? response
                : throw new RpcException(new Status(StatusCode.Internal, $"call {Method}: more than one response message"));
        }
    }

    /// <summary>The next message, or null at the end with status OK. Throws RpcException at any other end.</summary>
    public async Task<T?> ReadMessageAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).GiveUp(), this);
            var response = await _sent!;
            ResponseStatus.ThrowIfNotGrpc(response);
            _messages ??= new MessageStreamReader(await response.Content.ReadAsStreamAsync(_lifetime.Token), _maxMessageSize);
            var message = await _messages.ReadAsync(marshaller, _lifetime.Token);
            return message ?? ResponseStatus.EndOf<T>(response);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw CallFailure.Describe(e, $"call {Method} on {_socketPath}", CauseOfEnd(cancellationToken));
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _lifetime.Cancel();
            _ = _sent?.ContinueWith(
                static sent => (sent.IsCompletedSuccessfully ? sent.Result : null)?.Dispose(), TaskScheduler.Default);
            _lifetime.Dispose();
        }
    }

    private void GiveUp()
    {
        if (Volatile.Read(ref _disposed) == 0)
        {
            _lifetime.Cancel();
        }
    }

    private StatusCode? CauseOfEnd(CancellationToken reader) =>
        _callerToken.IsCancellationRequested || reader.IsCancellationRequested || Volatile.Read(ref _disposed) == 1 ? StatusCode.Cancelled
        // The timer may fire a little before the clock gets there.
        : _deadline is { } deadline && (_lifetime.IsCancellationRequested || deadline <= DateTime.UtcNow) ? StatusCode.DeadlineExceeded
        : null;

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http, HttpContent body, Metadata? headers)
    {
        var token = _lifetime.Token;
        var request = NewRequest(body, headers);
        if (_deadline is { } deadline)
        {
            var timeout = deadline - DateTime.UtcNow;
            request.Headers.Add(GrpcHeaderNames.Timeout, GrpcTimeout.Format(timeout));
            _lifetime.CancelAfter(timeout < TimeSpan.Zero ? TimeSpan.Zero : Min(timeout, TimeSpan.FromDays(24)));
        }

        try
        {
            return await http.SendAsync(request, token);
        }
        catch (Exception e)
        {
            (body as RequestStreamContent)?.End(e);
            throw;
        }
    }

    private HttpRequestMessage NewRequest(HttpContent body, Metadata? headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + Method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        body.Headers.ContentType = new MediaTypeHeaderValue(GrpcHeaderNames.ContentType);
        request.Headers.TE.ParseAdd("trailers");
        request.Headers.Add(GrpcHeaderNames.AcceptEncoding, GrpcHeaderNames.Identity);
        foreach (var entry in headers ?? Metadata.Empty)
        {
            request.Headers.TryAddWithoutValidation(entry.Key, entry.WireValue);
        }

        return request;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
