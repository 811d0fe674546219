namespace Grpc.Core;

/// <summary>How to make a call.</summary>
/// <param name="Headers">Metadata to send; null: none.</param>
/// <param name="Deadline">When to stop waiting, in UTC; null: never.</param>
/// <param name="CancellationToken">Gives the call up.</param>
public readonly record struct CallOptions(
    Metadata? Headers = null, DateTime? Deadline = null, CancellationToken CancellationToken = default);
