using System.Text;
using Cri.Server.Logging;

namespace Cri.Server.Configuration;

/// <summary>Turns the merged keys into the records, checking every one; the only place that knows the keys' names.</summary>
internal static class ConfigurationBinder
{
    // sockaddr_un.sun_path with its end: unix(7).
    private const int LongestSocketPath = 107;
    private const int LongestTimeoutSeconds = 3600;

    /// <summary>The configuration in a map of keys.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message names every mistake.</exception>
    internal static CrispConfiguration Bind(ConfigurationMap map)
    {
        var mistakes = new List<string>();
        var section = new ConfigurationSection("", map, mistakes);
        var absent = new CrispConfiguration();
        var state = section.AbsolutePath("state") ?? absent.State;
        var configuration = new CrispConfiguration
        {
            Root = section.AbsolutePath("root") ?? absent.Root,
            State = state,
            Listen = Listen(section) ?? Path.Combine(state, "crisp.sock"),
            LogLevel = section.Choice<LogLevel>("logLevel") ?? absent.LogLevel,
            Streaming = Streaming(section.Section("streaming")),
            Metrics = Metrics(section.Section("metrics")),
            Registry = Registry(section.Section("registry")),
            Cni = Cni(section.Section("cni")),
            Runtimes = Runtimes(section.Section("runtimes")),
            Shim = Shim(section.Section("shim")),
            CgroupDriver = section.Choice<CgroupDriver>("cgroupDriver") ?? absent.CgroupDriver,
        };
        section.Finish();
        return mistakes.Count == 0 ? configuration : throw new ConfigurationException(string.Join('\n', mistakes));
    }

    /// <summary>A socket's path without the unix:// that kubelets write before it.</summary>
    internal static string? WithoutScheme(string? listen) =>
        listen?.StartsWith("unix://", StringComparison.Ordinal) == true ? listen["unix://".Length..] : listen;

    private static string? Listen(ConfigurationSection section)
    {
        var path = WithoutScheme(section.Text("listen"));
        if (path is null)
        {
            return null;
        }

        if (!path.StartsWith('/'))
        {
            section.Mistake("listen", $"expected the absolute path of a unix socket, found \"{path}\"");
        }
        else if (Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
        {
            var length = Encoding.UTF8.GetByteCount(path);
            section.Mistake("listen", $"expected a path of at most {LongestSocketPath} bytes, found {length}");
        }

        return path;
    }

    private static StreamingConfiguration Streaming(ConfigurationSection section)
    {
        var absent = new StreamingConfiguration();
        return Finished(section, new StreamingConfiguration
        {
            Address = section.Address("address") ?? absent.Address,
            Port = section.Number("port", 0, 65535) ?? absent.Port,
        });
    }

    private static MetricsConfiguration Metrics(ConfigurationSection section) =>
        Finished(section, new MetricsConfiguration { Address = section.EndPoint("address") });

    private static RegistryConfiguration Registry(ConfigurationSection section) =>
        Finished(section, section.AbsolutePath("hostsDir") is { } path ? new RegistryConfiguration { HostsDir = path } : new());

    private static CniConfiguration Cni(ConfigurationSection section)
    {
        var absent = new CniConfiguration();
        return Finished(section, new CniConfiguration
        {
            ConfDir = section.AbsolutePath("confDir") ?? absent.ConfDir,
            BinDirs = section.AbsolutePaths("binDirs") ?? absent.BinDirs,
            Timeout = section.Number("timeoutSeconds", 1, LongestTimeoutSeconds) is { } s ? TimeSpan.FromSeconds(s) : absent.Timeout,
        });
    }

    private static RuntimesConfiguration Runtimes(ConfigurationSection section)
    {
        var selected = section.Text("default");
        var handlers = Handlers(section.Section("handlers"));
        return Finished(section, new RuntimesConfiguration { Default = selected, Handlers = handlers });
    }

    private static Dictionary<string, HandlerConfiguration> Handlers(ConfigurationSection section)
    {
        var handlers = new Dictionary<string, HandlerConfiguration>();
        foreach (var name in section.Keys)
        {
            var handler = section.Section(name);
            var path = Finished(handler, handler.AbsolutePath("path"));
            if (!IsHandlerName(name))
            {
                section.Mistake(name, "expected a handler's name of lower-case letters, digits and '-', at most 63 of them");
            }
            else if (path is not null)
            {
                handlers[name] = new HandlerConfiguration(path);
            }
            else if (!handler.Keys.Contains("path"))
            {
                section.Mistake(name, "expected the key path with the absolute path of an OCI runtime");
            }
        }

        return handlers;
    }

    // A RuntimeClass takes a DNS label as its handler.
    private static bool IsHandlerName(string name) =>
        name.Length is > 0 and <= 63 && !name.StartsWith('-') && !name.EndsWith('-')
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static ShimConfiguration Shim(ConfigurationSection section) =>
        Finished(section, new ShimConfiguration { Path = section.AbsolutePath("path") });

    private static T Finished<T>(ConfigurationSection section, T value)
    {
        section.Finish();
        return value;
    }
}
