using Cri.Ttrpc.Server;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc.Tests.Server;

/// <summary>A service with one method for each way a call can go.</summary>
internal sealed class EchoService
{
    public const string Name = "test.Echo";

    public TaskCompletionSource Release { get; } = new();

    public TaskCompletionSource Cancelled { get; } = new();

    public TtrpcService Service => new(Name, new Dictionary<string, TtrpcMethod>
    {
        ["Echo"] = TtrpcMethod.Unary<BytesValue, BytesValue>(BytesValue.Parser, (request, _) => Task.FromResult(request)),
        ["Throw"] = TtrpcMethod.Unary<StringValue, Empty>(StringValue.Parser, (request, _) => throw new InvalidOperationException(request.Value)),
        ["Refuse"] = TtrpcMethod.Unary<StringValue, Empty>(
            StringValue.Parser, (request, _) => throw new TtrpcException(TtrpcStatusCode.FailedPrecondition, request.Value)),
        ["Hang"] = TtrpcMethod.Unary<Empty, Empty>(Empty.Parser, HangAsync),
    });

    private async Task<Empty> HangAsync(Empty request, CancellationToken ct)
    {
        using var registration = ct.Register(() => Cancelled.TrySetResult());
        await Release.Task;
        return request;
    }
}
