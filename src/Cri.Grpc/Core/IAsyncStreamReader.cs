using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>The client's end of a stream of responses. One read at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last successful <see cref="MoveNext"/> read.</summary>
    T Current { get; }

    /// <summary>Reads a message; false at the end of a stream with status OK, RpcException at any other end.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

/// <summary>Lets <c>await foreach</c> read a stream.</summary>
public static class AsyncStreamReading
{
    /// <summary>All messages up to the end of the stream.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(
        this IAsyncStreamReader<T> reader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await reader.MoveNext(cancellationToken))
        {
            yield return reader.Current;
        }
    }
}
