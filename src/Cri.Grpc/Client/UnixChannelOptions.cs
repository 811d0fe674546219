namespace Cri.Grpc;

/// <summary>How a channel behaves.</summary>
public sealed record UnixChannelOptions
{
    /// <summary>The largest message to send or receive, in bytes.</summary>
    public int MaxMessageSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long connecting may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
