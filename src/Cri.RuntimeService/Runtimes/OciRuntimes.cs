namespace Cri.RuntimeService.Runtimes;

/// <summary>The OCI runtimes of this host, probed, and which of them is the default and why.</summary>
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

    /// <summary>Every handler, configured or found, that can be named.</summary>
    public IReadOnlyCollection<OciRuntime> Handlers => [.. _handlers.Values];

    /// <summary>Probes the runtimes. Throws <see cref="RuntimeUnavailableException"/> when none can be the default.</summary>
    public static Task<OciRuntimes> ProbeAsync(OciRuntimesOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The runtime of a handler; "" is the default. Null when there is no such handler.</summary>
    public OciRuntime? Find(string handler) => handler.Length == 0 ? Default : _handlers.GetValueOrDefault(handler);
}

/// <summary>No OCI runtime works on this host, or the configured default does not.</summary>
public sealed class RuntimeUnavailableException(string message) : Exception(message);
