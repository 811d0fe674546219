using System.Threading.Channels;
using Cri.RuntimeService.Shims;
using Cri.Streaming;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Execs;

/// <summary>Hands the sizes of a client's terminal to a process's.</summary>
internal static class TerminalResize
{
    /// <summary>Applies every size that comes until none can come or the token ends; never throws.</summary>
    public static async Task FollowAsync(
        ChannelReader<TerminalSize> sizes, Func<TerminalSize, CancellationToken, Task> apply, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var size in sizes.ReadAllAsync(cancellationToken))
            {
                await apply(size, cancellationToken);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ChannelClosedException or IOException)
        {
            // The client or the process is gone: whoever serves them knows.
        }
    }

    /// <summary>Sets a size; nothing happens when the process has ended or has no terminal.</summary>
    /// <param name="shim">The shim.</param>
    /// <param name="containerId">The container.</param>
    /// <param name="execId">The exec; empty for the container's first process.</param>
    /// <param name="size">Characters.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task ApplyAsync(
        Shim shim, string containerId, string execId, TerminalSize size, CancellationToken cancellationToken)
    {
        try
        {
            await shim.Tasks.ResizePtyAsync(
                new ResizePtyRequest { Id = containerId, ExecId = execId, Width = size.Width, Height = size.Height }, cancellationToken);
        }
        catch (TtrpcException)
        {
            // It has ended, or the client thinks it a terminal and it is none.
        }
    }
}
