namespace Cri.Server.Logging;

/// <summary>How important a log entry is.</summary>
public enum LogLevel
{
    /// <summary>For finding a fault.</summary>
    Debug,

    /// <summary>What an operator may want to know.</summary>
    Info,

    /// <summary>Something is not as it should be, and was coped with.</summary>
    Warn,

    /// <summary>Something failed.</summary>
    Error,
}
