namespace Cri.RuntimeService.Cni;

/// <summary>Why a network operation failed.</summary>
public enum CniFailure
{
    /// <summary>There is no valid network configuration.</summary>
    NotReady,

    /// <summary>The request cannot be passed to a plugin as it is.</summary>
    InvalidRequest,

    /// <summary>A plugin's binary is in none of the directories, or cannot be executed.</summary>
    PluginMissing,

    /// <summary>The plugin answered with an error, or ended without an answer.</summary>
    PluginFailed,

    /// <summary>The plugin's answer is not what the specification asks for.</summary>
    InvalidResult,

    /// <summary>The plugin did not end within its deadline.</summary>
    Timeout,
}

/// <summary>A CNI operation that failed; the message names the plugin, the network, the operation and the cause.</summary>
public sealed class CniException : Exception
{
    /// <summary>Describes a failure.</summary>
    public CniException(CniFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>The kind of failure.</summary>
    public CniFailure Failure { get; }

    /// <summary>The plugin that failed; null when none was involved.</summary>
    public string? Plugin { get; init; }

    /// <summary>The plugin's own error code (section 5 of the CNI specification); null when it gave none.</summary>
    public int? Code { get; init; }
}
