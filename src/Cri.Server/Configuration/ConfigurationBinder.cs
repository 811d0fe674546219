using System.Text;
using Cri.ImageService;
using Cri.Server.Logging;

namespace Cri.Server.Configuration;

/// <summary>Turns the merged keys into the records, checking every one; with ImagePolicyBinder the only place that knows the keys' names.</summary>
internal static class ConfigurationBinder
{
    // sockaddr_un.sun_path with its end: unix(7).
    private const int LongestSocketPath = 107;
    private const int LongestTimeoutSeconds = 3600;
    private const int LongestIdleSeconds = 7 * 24 * 3600;
    private const int LongestReconcileSeconds = 7 * 24 * 3600;
    private const int MostAttempts = 100;
    private const int MostParallelLayers = 127;
    private const int MostConnections = 1024;
    private const int MostDownloadMiB = 64 * 1024;

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
            Tracing = TracingSection.Bind(section.Section("tracing")),
            Registry = Registry(section.Section("registry")),
            Images = Images(section.Section("images")),
            Cni = Cni(section.Section("cni")),
            Runtimes = Runtimes(section.Section("runtimes")),
            Shim = Shim(section.Section("shim")),
            Reconcile = Reconcile(section.Section("reconcile")),
            CheckpointRestore = section.Choice<CheckpointRestore>("checkpointRestore") ?? absent.CheckpointRestore,
            CgroupDriver = section.Choice<CgroupDriver>("cgroupDriver") ?? absent.CgroupDriver,
            Selinux = section.Choice<SelinuxMode>("selinux") ?? absent.Selinux,
            Cdi = Cdi(section.Section("cdi")),
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
            AdvertisedHost = AdvertisedHost(section),
            IdleTimeout = section.Number("idleTimeoutSeconds", 1, LongestIdleSeconds) is { } s ? TimeSpan.FromSeconds(s) : absent.IdleTimeout,
            Tls = Tls(section, section.Section("tls")),
        });
    }

    private static string? AdvertisedHost(ConfigurationSection section)
    {
        var host = section.Text("advertisedHost");
        if (host is not null && Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            section.Mistake("advertisedHost", $"expected a host name or an IP address, found \"{host}\"");
        }

        return host;
    }

    private static TlsConfiguration? Tls(ConfigurationSection parent, ConfigurationSection section)
    {
        var (cert, key) = Finished(section, (section.AbsolutePath("cert"), section.AbsolutePath("key")));
        if (section.Keys.Contains("cert") != section.Keys.Contains("key"))
        {
            parent.Mistake("tls", "expected both cert and key, found only one of them");
        }

        return cert is not null && key is not null ? new TlsConfiguration(cert, key) : null;
    }

    private static MetricsConfiguration Metrics(ConfigurationSection section) =>
        Finished(section, new MetricsConfiguration { Address = section.EndPoint("address") });

    private static RegistryConfiguration Registry(ConfigurationSection section)
    {
        var absent = new RegistryConfiguration();
        return Finished(section, new RegistryConfiguration
        {
            HostsDir = section.AbsolutePath("hostsDir") ?? absent.HostsDir,
            StallTimeout = section.Number("stallTimeoutSeconds", 1, LongestTimeoutSeconds) is { } s ? TimeSpan.FromSeconds(s) : absent.StallTimeout,
            MinBytesPerSecond = section.Number("minBytesPerSecond", 0, int.MaxValue) ?? absent.MinBytesPerSecond,
            MaxAttempts = section.Number("maxAttempts", 1, MostAttempts) ?? absent.MaxAttempts,
        });
    }

    private static ImagesConfiguration Images(ConfigurationSection section)
    {
        var absent = new ImagesConfiguration();
        return Finished(section, new ImagesConfiguration
        {
            Policies = ImagePolicyBinder.Bind(section),
            Pinned = section.Items("pinned", "image names such as registry.example.com/team/*", ImageNamePattern.Parse),
            KeepBlobs = section.Flag("keepBlobs") ?? absent.KeepBlobs,
            MaxParallelLayers = section.Number("maxParallelLayers", 1, MostParallelLayers),
            Limits = LayerLimitsBinder.Bind(section.Section("limits")),
            MaxConnections = section.Number("maxConnections", 1, MostConnections),
            MaxConnectionsPerHost = section.Number("maxConnectionsPerHost", 1, MostConnections),
            RangeThresholdMiB = section.Number("rangeThresholdMiB", 0, int.MaxValue) ?? absent.RangeThresholdMiB,
            DownloadMemoryMiB = section.Number("downloadMemoryMiB", 0, MostDownloadMiB),
        });
    }

    private static CniConfiguration Cni(ConfigurationSection section)
    {
        var absent = new CniConfiguration();
        return Finished(section, new CniConfiguration
        {
            ConfDir = section.AbsolutePath("confDir") ?? absent.ConfDir,
            BinDirs = section.AbsolutePaths("binDirs") ?? absent.BinDirs,
            Template = section.AbsolutePath("template"),
            Timeout = section.Number("timeoutSeconds", 1, LongestTimeoutSeconds) is { } s ? TimeSpan.FromSeconds(s) : absent.Timeout,
        });
    }

    private static RuntimesConfiguration Runtimes(ConfigurationSection section)
    {
        var selected = section.Text("default");
        var handlers = Handlers(section.Section("handlers"));
        var timeout = section.Number("timeoutSeconds", 1, LongestTimeoutSeconds);
        return Finished(section, new RuntimesConfiguration
        {
            Default = selected,
            Handlers = handlers,
            Timeout = timeout is { } s ? TimeSpan.FromSeconds(s) : new RuntimesConfiguration().Timeout,
            Execs = section.Choice<ExecStart>("execs") ?? new RuntimesConfiguration().Execs,
        });
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

    private static ReconcileConfiguration Reconcile(ConfigurationSection section) => Finished(
        section, section.Number("intervalSeconds", 0, LongestReconcileSeconds) is { } s ? new ReconcileConfiguration { Interval = TimeSpan.FromSeconds(s) } : new());

    private static CdiConfiguration Cdi(ConfigurationSection section) =>
        Finished(section, section.AbsolutePaths("specDirs") is { } paths ? new CdiConfiguration { SpecDirs = paths } : new());

    private static T Finished<T>(ConfigurationSection section, T value)
    {
        section.Finish();
        return value;
    }
}
