using System.Net;
using Grpc.Core;

namespace Cri.ImageService.Hosts;

/// <summary>
/// Finds the hosts to ask for a registry's images: <c>&lt;directory&gt;/&lt;registry&gt;/hosts.toml</c>, else
/// <c>_default/hosts.toml</c>, else the registry itself. A port in a directory's name is <c>:5000</c> or <c>_5000_</c>. Files are
/// read anew each time, so that a change counts from the next pull on.
/// </summary>
public sealed class HostsDirectory
{
    private const string FileName = "hosts.toml";
    private readonly string? _path;

    /// <summary>Hosts by the files below <paramref name="path"/>; null for no files.</summary>
    public HostsDirectory(string? path) => _path = path;

    /// <summary>The hosts to try in order for the registry <paramref name="registry"/> (a reference's host); never empty.</summary>
    /// <exception cref="ImageException">INVALID_ARGUMENT: the file breaks a rule. INTERNAL: it cannot be read.</exception>
    public IReadOnlyList<RegistryHost> Resolve(string registry)
    {
        var fallback = Default(registry);
        foreach (var name in _path is null ? [] : DirectoryNames(registry))
        {
            var directory = Path.Join(_path, name);
            if (Directory.Exists(directory))
            {
                return Read(directory, fallback);
            }
        }

        return [fallback];
    }

    /// <summary>The registry's own address: Docker Hub's real one; plain HTTP for loopback; HTTPS otherwise.</summary>
    internal static RegistryHost Default(string registry)
    {
        if (registry == "docker.io")
        {
            return new RegistryHost { Api = new Uri("https://registry-1.docker.io/v2/") };
        }

        var address = new Uri($"https://{registry}/v2/");
        if (!IsLoopback(address))
        {
            return new RegistryHost { Api = address };
        }

        // Without a port, or with 443, a loopback registry is meant to speak TLS, though nobody certifies "localhost".
        return address.IsDefaultPort
            ? new RegistryHost { Api = address, Connection = new ConnectionSettings { SkipVerify = true } }
            : new RegistryHost { Api = new Uri($"http://{registry}/v2/") };
    }

    private static bool IsLoopback(Uri address) =>
        address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));

    private static IEnumerable<string> DirectoryNames(string registry)
    {
        var colon = registry.LastIndexOf(':');
        return colon > 0
            ? [$"{registry[..colon]}_{registry[(colon + 1)..]}_", registry, "_default"]
            : [registry, "_default"];
    }

    private static IReadOnlyList<RegistryHost> Read(string directory, RegistryHost fallback)
    {
        var file = Path.Join(directory, FileName);
        try
        {
            var text = File.Exists(file) ? File.ReadAllText(file) : "";
            var hosts = text.Length > 0 ? HostsFile.Parse(file, text, fallback) : [CertificateFiles.Apply(directory, fallback)];
            return [.. hosts.Select(host => host with { Connection = CertificateFiles.Stamp(host.Connection) })];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageException(StatusCode.Internal, $"read {file}: {error.Message}", error);
        }
    }
}
