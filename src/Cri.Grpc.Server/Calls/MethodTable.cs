using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Cri.Grpc.Server.Calls;

/// <summary>The hosted methods by path, each wrapped in the interceptors.</summary>
internal sealed class MethodTable(IReadOnlyList<Interceptor> interceptors, int maxMessageSize) : ServiceBinderBase
{
    private readonly Dictionary<string, CallHandler> _methods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _services = new(StringComparer.Ordinal);

    /// <summary>The handler of a path, or one that answers UNIMPLEMENTED.</summary>
    public CallHandler Find(string path) => _methods.TryGetValue(path, out var handler) ? handler : new UnknownMethodHandler(Describe(path));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var wrapped = handler ?? throw new ArgumentNullException(nameof(handler));
        foreach (var interceptor in interceptors.Reverse())
        {
            var inner = wrapped;
            wrapped = (request, context) => interceptor.UnaryServerHandler(request, context, inner);
        }

        Add(method.ServiceName, method.FullName, new UnaryCallHandler<TRequest, TResponse>(method, wrapped, maxMessageSize));
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var wrapped = handler ?? throw new ArgumentNullException(nameof(handler));
        foreach (var interceptor in interceptors.Reverse())
        {
            var inner = wrapped;
            wrapped = (request, stream, context) => interceptor.ServerStreamingServerHandler(request, stream, context, inner);
        }

        Add(method.ServiceName, method.FullName, new ServerStreamingCallHandler<TRequest, TResponse>(method, wrapped, maxMessageSize));
    }

    private void Add(string service, string path, CallHandler handler)
    {
        _services.Add(service);
        if (!_methods.TryAdd(path, handler))
        {
            throw new InvalidOperationException($"host {path}: it is hosted already");
        }
    }

    private string Describe(string path) =>
        path.Split('/') is ["", var service, var method]
            ? _services.Contains(service) ? $"unknown method {method} for service {service}" : $"unknown service {service}"
            : $"malformed method name {path}";
}
