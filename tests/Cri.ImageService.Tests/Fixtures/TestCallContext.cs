using Grpc.Core;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>A call without a wire.</summary>
public sealed class TestCallContext : ServerCallContext
{
    public override string Method => "test";

    public override string Host => "";

    public override string Peer => "";

    public override DateTime Deadline => DateTime.MaxValue;

    public override Metadata RequestHeaders => [];

    public override CancellationToken CancellationToken => CancellationToken.None;

    public override Metadata ResponseTrailers => [];

    public override Task WriteResponseHeadersAsync(Metadata responseHeaders) => Task.CompletedTask;
}
