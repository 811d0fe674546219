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

    /// <summary>For a mirror, the registry that it stands for.</summary>
    internal string? Namespace { get; init; }
}
