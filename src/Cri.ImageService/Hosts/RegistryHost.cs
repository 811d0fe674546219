namespace Cri.ImageService.Hosts;

/// <summary>What a host may be asked for.</summary>
[Flags]
public enum HostCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Content by digest.</summary>
    Pull = 1,

    /// <summary>Which digest a tag stands for. Only a trusted host should have this one.</summary>
    Resolve = 2,

    /// <summary>Both.</summary>
    All = Pull | Resolve,
}

/// <summary>A host that serves images of a registry: the registry itself or a mirror.</summary>
public sealed record RegistryHost
{
    /// <summary>Where its API begins, with a slash at the end: <c>https://registry-1.docker.io/v2/</c>.</summary>
    public required Uri Api { get; init; }

    /// <summary>What it may be asked for.</summary>
    public HostCapabilities Capabilities { get; init; } = HostCapabilities.All;

    /// <summary>How connections to it are made.</summary>
    public ConnectionSettings Connection { get; init; } = new();

    /// <summary>Headers sent with every request to it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Host and port, for messages and for choosing credentials.</summary>
    public string Name => Api.Authority;
}
