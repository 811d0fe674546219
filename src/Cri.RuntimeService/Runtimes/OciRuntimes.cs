using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Runtimes;

/// <summary>
/// The OCI runtimes of this host: those that are configured, and those of the candidates that are installed. Each is probed once per boot
/// by running a container with it; the results are kept in <c>runtimes.json</c> in the state directory, unless nothing worked.
/// </summary>
public sealed class OciRuntimes
{
    private readonly IReadOnlyDictionary<string, OciRuntime> _handlers;

    private OciRuntimes(IReadOnlyDictionary<string, OciRuntime> handlers, OciRuntime selected, string explanation)
    {
        _handlers = handlers;
        Default = selected;
        Explanation = explanation;
    }

    /// <summary>The runtime of pods that name no handler.</summary>
    public OciRuntime Default { get; }

    /// <summary>Why <see cref="Default"/> was chosen and what is wrong with the others, for the log.</summary>
    public string Explanation { get; }

    /// <summary>Every handler that can be named: the configured ones, working or not, and the candidates that work.</summary>
    public IReadOnlyCollection<OciRuntime> Handlers => [.. _handlers.Values];

    /// <summary>Finds and probes the runtimes.</summary>
    /// <exception cref="RuntimeUnavailableException">None works, or the configured default does not.</exception>
    public static async Task<OciRuntimes> ProbeAsync(OciRuntimesOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.StateDirectory);
        var paths = Paths(options);
        var probes = await ProbeAllAsync([.. paths.Values.Distinct()], options, cancellationToken);
        var runtimes = paths.ToDictionary(
            pair => pair.Key,
            pair => new OciRuntime(pair.Key, pair.Value, options.SystemdCgroup, probes[pair.Value])
            {
                DirectExecs = options.DirectExecs && probes[pair.Value].IsRunc,
            });
        var selected = Select(options, runtimes);
        var usable = runtimes.Where(pair => pair.Value.Probe.Passed || options.Handlers.ContainsKey(pair.Key)).ToDictionary();
        return new OciRuntimes(usable, selected, Explain(options, runtimes, selected));
    }

    /// <summary>The runtime of a handler; "" is the default. Null when there is no such handler.</summary>
    public OciRuntime? Find(string handler) => handler.Length == 0 ? Default : _handlers.GetValueOrDefault(handler);

    /// <summary>The runtime of a handler; "" is the default. Throws INVALID_ARGUMENT naming those that there are.</summary>
    public OciRuntime Require(string handler) => Find(handler) ?? throw CriError.Invalid(
        $"runtime handler \"{handler}\" is not configured; there are: {string.Join(", ", _handlers.Keys.Order())}");

    private static Dictionary<string, string> Paths(OciRuntimesOptions options)
    {
        var paths = new Dictionary<string, string>(options.Handlers);
        foreach (var name in options.Candidates.Where(name => !paths.ContainsKey(name)))
        {
            if (options.SearchPath.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists) is { } path)
            {
                paths[name] = path;
            }
        }

        return paths;
    }

    private static async Task<Dictionary<string, RuntimeProbe>> ProbeAllAsync(
        IReadOnlyList<string> paths, OciRuntimesOptions options, CancellationToken cancellationToken)
    {
        var cache = new ProbeCache(Path.Combine(options.StateDirectory, "runtimes.json"));
        var prober = new RuntimeProber(options.StateDirectory, options.SystemdCgroup, options.ProbeTimeout);
        await prober.SweepAsync();
        var identities = paths.ToDictionary(path => path, path => ProbedBinary.Of(path, options.SystemdCgroup));
        var probes = await Task.WhenAll(paths.Select(async path => identities[path] is { } known && cache.Find(known) is { } earlier
            ? earlier
            : await prober.ProbeAsync(path, cancellationToken)));
        var results = paths.Zip(probes).ToDictionary(pair => pair.First, pair => pair.Second);
        if (results.Values.Any(probe => probe.Passed))
        {
            cache.Save(results
                .Where(pair => identities[pair.Key] is not null && !pair.Value.Inconclusive)
                .ToDictionary(pair => identities[pair.Key]!, pair => pair.Value));
        }

        return results;
    }

    private static OciRuntime Select(OciRuntimesOptions options, Dictionary<string, OciRuntime> runtimes)
    {
        if (options.Default is { } name)
        {
            var configured = runtimes.GetValueOrDefault(name) ?? throw new RuntimeUnavailableException(
                $"the default runtime {name} is neither a configured handler nor one of {string.Join(", ", options.Candidates)}"
                + $" in {string.Join(':', options.SearchPath)}");
            return configured.Probe.Passed
                ? configured
                : throw new RuntimeUnavailableException($"the default runtime does not work: {Describe(configured)}");
        }

        return options.Candidates.Select(runtimes.GetValueOrDefault).FirstOrDefault(runtime => runtime?.Probe.Passed == true)
            ?? throw new RuntimeUnavailableException(
                $"no OCI runtime works on this host: {string.Join("; ", Rejected(options, runtimes, null))}");
    }

    private static string Explain(OciRuntimesOptions options, Dictionary<string, OciRuntime> runtimes, OciRuntime selected)
    {
        var reason = options.Default is null
            ? $"the first of {string.Join(", ", options.Candidates)} that ran a container"
            : "configured as the default, and it ran a container";
        return string.Join("; ", [$"{Describe(selected)} is the default: {reason}", .. Rejected(options, runtimes, selected)]);
    }

    // Every runtime that does not work, and the candidates before the chosen one that are not there.
    private static IEnumerable<string> Rejected(OciRuntimesOptions options, Dictionary<string, OciRuntime> runtimes, OciRuntime? selected)
    {
        var missing = options.Default is null
            ? options.Candidates.TakeWhile(name => name != selected?.Handler).Where(name => !runtimes.ContainsKey(name))
            : [];
        return
        [
            .. runtimes.Values.Where(runtime => !runtime.Probe.Passed).Select(Describe),
            .. missing.Select(name => $"{name} is not installed in {string.Join(':', options.SearchPath)}"),
        ];
    }

    private static string Describe(OciRuntime runtime)
    {
        var version = runtime.Probe.Version.Length > 0 ? $", {runtime.Probe.Version}" : "";
        var error = runtime.Probe.Passed ? "" : $" does not work here: {runtime.Probe.Error}";
        return $"{runtime.Handler} ({runtime.Path}{version}){error}";
    }
}

/// <summary>No OCI runtime works here, or the configured default does not; the message says why, in the runtimes' own words.</summary>
public sealed class RuntimeUnavailableException(string message) : Exception(message);
