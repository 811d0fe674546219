using Cri.Linux;

namespace Cri.RuntimeService.Attaches;

/// <summary>
/// A client's input on its way to a container's first process, by the named pipe that the shim reads. Several clients take
/// turns, a buffer each; the pipe is open only while there is something to write, so that no client holds the input open.
/// </summary>
internal static class ContainerInput
{
    private const int BufferSize = 4 << 10; // what a pipe takes whole (PIPE_BUF, pipe(7))

    /// <summary>
    /// Copies until the client has closed its input, which is true, or the process takes no more or the token ends, which is
    /// false. Never throws.
    /// </summary>
    public static async Task<bool> CopyAsync(Stream client, string fifo, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[BufferSize];
            for (int count; (count = await client.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                await WriteAsync(fifo, buffer.AsMemory(0, count), cancellationToken);
            }

            return true;
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // The process has closed its input, or the client is gone, of which its token tells.
            return false;
        }
    }

    private static async Task WriteAsync(string fifo, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var writer = Fifo.OpenWriter(fifo);
        try
        {
            await FdReactor.Shared.WriteAsync(writer, bytes, cancellationToken);
        }
        finally
        {
            FdReactor.Shared.Forget(writer);
        }
    }
}
