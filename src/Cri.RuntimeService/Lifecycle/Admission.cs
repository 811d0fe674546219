using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// How many operations of one kind may be under way at once. It is far above what a node's kubelet asks for, and keeps a client
/// that asks without end from taking the whole machine. Whoever comes beyond it is refused at once, and may come again.
/// </summary>
/// <param name="what">What is counted, in the plural, for error texts: <c>commands</c>.</param>
/// <param name="most">How many may be under way.</param>
public sealed class Admission(string what, int most)
{
    private int _underWay;

    /// <summary>Counts one in; dispose the result when it has ended. Throws RESOURCE_EXHAUSTED with the limit.</summary>
    public IDisposable Enter(string operation)
    {
        if (Interlocked.Increment(ref _underWay) > most)
        {
            Interlocked.Decrement(ref _underWay);
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"{operation}: {most} {what} are under way, which is the limit; try again when some have ended"));
        }

        return new Place(this);
    }

    private sealed class Place(Admission admission) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                Interlocked.Decrement(ref admission._underWay);
            }
        }
    }
}
