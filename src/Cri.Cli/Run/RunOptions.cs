using Cri.Api.V1;

namespace Cri.Cli.Run;

/// <summary>What <c>crisp run</c> was asked for.</summary>
internal sealed record RunOptions
{
    /// <summary>The image's reference or id.</summary>
    public required string Image { get; init; }

    /// <summary>The name of pod and container.</summary>
    public required string Name { get; init; }

    /// <summary>The command; empty: the image's own.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Ports published on the host.</summary>
    public IReadOnlyList<PortMapping> Ports { get; init; } = [];

    /// <summary>Host paths in the container.</summary>
    public IReadOnlyList<Mount> Mounts { get; init; } = [];

    /// <summary>The container's environment besides the image's.</summary>
    public IReadOnlyList<KeyValue> Environment { get; init; } = [];

    /// <summary>True for the host's network instead of one of its own.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>The OCI runtime handler; empty: the default.</summary>
    public string RuntimeHandler { get; init; } = "";

    /// <summary>Where the logs of pods lie.</summary>
    public required string LogRoot { get; init; }

    /// <summary>True to remove everything at the end.</summary>
    public bool Remove { get; init; }
}
