namespace Cri.ImageService.Registry;

/// <summary>What to ask a host for.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Path">Below the host's API: <c>library/nginx/manifests/latest</c>.</param>
internal sealed record RegistryRequest(HttpMethod Method, string Path)
{
    /// <summary>The media types wanted, best first.</summary>
    internal IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>The first byte wanted.</summary>
    internal long From { get; init; }

    /// <summary>The byte after the last one wanted; null for all there are.</summary>
    internal long? End { get; init; }

    /// <summary>For a mirror, the registry that it stands for.</summary>
    internal string? Namespace { get; init; }

    /// <summary>
    /// True for what is large: it gets a connection of its own, whose window is the kernel's. The streams of one HTTP/2
    /// connection would share its bandwidth, and each would buffer megabytes here.
    /// </summary>
    internal bool IsBulk { get; init; }

    /// <summary>Where the host redirects this to, as far as it is known.</summary>
    internal RedirectMemo? Redirect { get; init; }
}

/// <summary>Remembers where a host keeps a blob, so that the parts of it are asked for there at once. Safe for several threads.</summary>
internal sealed class RedirectMemo
{
    private volatile Uri? _address;

    /// <summary>The address; null when it is not known, or the host serves the blob itself.</summary>
    internal Uri? Address
    {
        get => _address;
        set => _address = value;
    }
}
