namespace Cri.Ttrpc.Server;

/// <summary>Finds the method that a request names.</summary>
public sealed class TtrpcDispatcher
{
    private readonly Dictionary<string, TtrpcService> _services;

    /// <summary>Serves these services; each name once.</summary>
    public TtrpcDispatcher(params TtrpcService[] services) => _services = services.ToDictionary(service => service.Name);

    /// <summary>The method. Throws UNIMPLEMENTED when there is none.</summary>
    internal TtrpcMethod Find(string service, string method)
    {
        if (!_services.TryGetValue(service, out var found))
        {
            throw new TtrpcException(TtrpcStatusCode.Unimplemented, $"service {service} is not served here");
        }

        return found.Methods.TryGetValue(method, out var handler)
            ? handler
            : throw new TtrpcException(TtrpcStatusCode.Unimplemented, $"service {service} has no method {method}");
    }
}
