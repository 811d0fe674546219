using Cri.ImageService.Hosts.Toml;
using Grpc.Core;

namespace Cri.ImageService.Hosts;

/// <summary>
/// A <c>hosts.toml</c> in containerd's format: <c>server</c> names the registry's own address, each
/// <c>[host."url"]</c> one to try before it, in the order of the file. With <c>fallback = false</c> the registry's own address
/// is not tried after them. An unknown key is an error that names its line.
/// </summary>
internal sealed class HostsFile
{
    private const string FallbackKey = "fallback";

    // The name that images have, which is not where the registry answers.
    private const string DockerHub = "docker.io";
    private const string DockerHubApi = "registry-1.docker.io";

    private readonly string _directory;

    private HostsFile(string path) => _directory = Path.GetDirectoryName(path)!;

    /// <summary>The hosts in the order to try them; <paramref name="fallback"/> is the last one when the file names no server.</summary>
    /// <exception cref="ImageException">INVALID_ARGUMENT: the file breaks a rule; the message has file and line.</exception>
    internal static IReadOnlyList<RegistryHost> Parse(string path, string text, RegistryHost fallback)
    {
        try
        {
            return new HostsFile(path).ReadAll(TomlReader.Read(text), fallback);
        }
        catch (TomlException error)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"{path}:{error.Line}: {error.Message}", error);
        }
    }

    private List<RegistryHost> ReadAll(TomlTable root, RegistryHost fallback)
    {
        List<RegistryHost> hosts = [];
        if (root.Find("host") is { } table)
        {
            foreach (var (url, value) in Expect<TomlTable>("host", table, "a table").Entries)
            {
                hosts.Add(ReadHost(Expect<TomlTable>(url, value, "a table"), url, value.Line));
            }
        }

        var server = ReadServer(root, fallback);
        return FallsBack(root, hosts.Count) ? [.. hosts, server] : hosts;
    }

    private static bool FallsBack(TomlTable root, int hosts)
    {
        if (root.Find(FallbackKey) is not { } value || Expect<TomlBoolean>(FallbackKey, value, "true or false").Value)
        {
            return true;
        }

        return hosts > 0 ? false : throw new TomlException(value.Line, "with \"fallback = false\" there has to be a [host.\"URL\"] to ask instead");
    }

    private RegistryHost ReadServer(TomlTable root, RegistryHost fallback)
    {
        var server = root.Find("server") is { } value ? Expect<TomlString>("server", value, "a string") : null;
        var host = ReadHost(root, string.IsNullOrEmpty(server?.Value) ? null : server.Value, server?.Line ?? root.Line, isRoot: true);
        return host with { Api = string.IsNullOrEmpty(server?.Value) ? fallback.Api : host.Api, Connection = OrDefault(host, fallback) };
    }

    // A loopback registry keeps its lenient default unless the file says something about TLS.
    private static ConnectionSettings OrDefault(RegistryHost host, RegistryHost fallback) =>
        host.Connection == new ConnectionSettings() && host.Api.Scheme == "about" ? fallback.Connection : host.Connection;

    // A null URL is for a file that names no server; about:blank then stands for the registry's own address.
    private RegistryHost ReadHost(TomlTable table, string? url, int line, bool isRoot = false)
    {
        var overridePath = table.Find("override_path") is { } flag && Expect<TomlBoolean>("override_path", flag, "true or false").Value;
        var host = new RegistryHost { Api = url is null ? new Uri("about:blank") : ReadApi(url, overridePath, line) };
        foreach (var (key, value) in table.Entries)
        {
            host = key switch
            {
                "capabilities" => host with { Capabilities = ReadCapabilities(value) },
                "header" => host with { Headers = ReadHeaders(Expect<TomlTable>(key, value, "a table")) },
                "override_path" => host,
                "server" or "host" or FallbackKey when isRoot => host,
                _ => host with { Connection = ReadConnection(host.Connection, key, value) },
            };
        }

        return host;
    }

    private ConnectionSettings ReadConnection(ConnectionSettings connection, string key, TomlValue value) => key switch
    {
        "skip_verify" => connection with { SkipVerify = Expect<TomlBoolean>(key, value, "true or false").Value },
        "ca" => connection with { CaFiles = string.Join('\n', Strings(key, value).Select(Absolute)) },
        "client" => connection with { ClientCertificates = string.Join('\n', ClientPairs(value)) },
        "dial_timeout" => connection with { DialTimeout = ReadDuration(Expect<TomlString>(key, value, "a duration as a string")) },
        _ => throw new TomlException(value.Line, $"unknown key \"{key}\""),
    };

    private static Uri ReadApi(string url, bool overridePath, int line)
    {
        var complete = url.Contains("://") ? url : $"https://{url}";
        if (!Uri.TryCreate(complete, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https") || parsed.Host.Length == 0)
        {
            throw new TomlException(line, $"\"{url}\" is not the URL of a registry");
        }

        var path = parsed.AbsolutePath.TrimEnd('/');
        path = overridePath || path.EndsWith("/v2", StringComparison.Ordinal) ? path : $"{path}/v2";
        return new Uri($"{parsed.Scheme}://{(parsed.Authority == DockerHub ? DockerHubApi : parsed.Authority)}{path}/");
    }

    private static HostCapabilities ReadCapabilities(TomlValue value)
    {
        var capabilities = HostCapabilities.None;
        var words = Strings("capabilities", value);
        foreach (var word in words)
        {
            capabilities |= word.ToLowerInvariant() switch
            {
                "pull" => HostCapabilities.Pull,
                "resolve" => HostCapabilities.Resolve,
                "push" or "referrers" => HostCapabilities.None,
                _ => throw new TomlException(value.Line, $"unknown capability \"{word}\", expected pull, resolve, push or referrers"),
            };
        }

        return words.Count == 0 ? HostCapabilities.All : capabilities;
    }

    private static List<KeyValuePair<string, string>> ReadHeaders(TomlTable table) =>
    [
        .. table.Entries.SelectMany(entry => Strings(entry.Key, entry.Value).Select(value => KeyValuePair.Create(entry.Key, value))),
    ];

    private IEnumerable<string> ClientPairs(TomlValue value) => value is TomlArray array
        ? array.Items.Select(ClientPair)
        : [ClientPair(value)];

    private string ClientPair(TomlValue value) => value switch
    {
        TomlString file => Absolute(file.Value),
        TomlArray { Items: [TomlString certificate, TomlString { Value: "" }] } => Absolute(certificate.Value),
        TomlArray { Items: [TomlString certificate, TomlString key] } => $"{Absolute(certificate.Value)}\t{Absolute(key.Value)}",
        _ => throw new TomlException(value.Line, "\"client\" has to be a file, or pairs of a certificate and a key file"),
    };

    private static TimeSpan ReadDuration(TomlString value) =>
        value.Value.Length == 0 ? new ConnectionSettings().DialTimeout
            : GoDuration.TryParse(value.Value, out var duration) && duration > TimeSpan.Zero ? duration
            : throw new TomlException(value.Line, $"\"{value.Value}\" is not a duration, such as \"10s\" or \"1m30s\"");

    private string Absolute(string file) => Path.GetFullPath(file, _directory);

    private static List<string> Strings(string key, TomlValue value) => value switch
    {
        TomlString one => [one.Value],
        TomlArray many => [.. many.Items.Select(item => Expect<TomlString>(key, item, "a string").Value)],
        _ => throw new TomlException(value.Line, $"\"{key}\" has to be a string or an array of strings, not {value.Kind}"),
    };

    private static T Expect<T>(string key, TomlValue value, string expected)
        where T : TomlValue =>
        value as T ?? throw new TomlException(value.Line, $"\"{key}\" has to be {expected}, not {value.Kind}");
}
