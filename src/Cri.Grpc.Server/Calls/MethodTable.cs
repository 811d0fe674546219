using Cri.Grpc.Calls;
using Grpc.Core;

namespace Cri.Grpc.Server.Calls;

/// <summary>The hosted methods by path.</summary>
internal sealed class MethodTable
{
    private readonly Dictionary<string, CallHandler> _methods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _services = new(StringComparer.Ordinal);

    /// <summary>The table of these services. Throws InvalidOperationException when two methods have the same path.</summary>
    public MethodTable(IEnumerable<ServerServiceDefinition> services)
    {
        foreach (var handler in services.SelectMany(service => service.Handlers))
        {
            _services.Add(handler.ServiceName);
            if (!_methods.TryAdd(handler.FullName, handler))
            {
                throw new InvalidOperationException($"host {handler.FullName}: it is hosted already");
            }
        }
    }

    /// <summary>The handler of a path, or one that answers UNIMPLEMENTED.</summary>
    public CallHandler Find(string path) =>
        _methods.TryGetValue(path, out var handler) ? handler : new UnknownMethodHandler(path, Describe(path));

    private string Describe(string path) =>
        path.Split('/') is ["", var service, var method]
            ? _services.Contains(service) ? $"unknown method {method} for service {service}" : $"unknown service {service}"
            : $"malformed method name {path}";
}
