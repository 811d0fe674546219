using System.Runtime.CompilerServices;
using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Streaming;
using Cri.Ttrpc;
using Cri.Ttrpc.Attach;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Attaches;

/// <summary>
/// Attach: a client at the streams of a container's first process, beside its log and any other client. It sees the output
/// from now on, to the last byte when the process ends. One that does not read never slows the process: beyond a bounded
/// backlog output is left out for it, and it is told how much. When a client closes its input, a container with stdin_once
/// and no terminal sees the end of its input; of any other the input stays open and the client is detached, as containerd
/// does.
/// </summary>
public static class ContainerAttach
{
    /// <summary>How many clients may be attached to a container at once; each may have 1 MiB of output waiting in the shim.</summary>
    public const int MaxClients = 32;

    private static readonly ConditionalWeakTable<Container, Admission> _clients = [];

    /// <summary>
    /// Serves the client to the end. Returns 0. Throws <see cref="StreamException"/> when it cannot be attached, and
    /// <see cref="OperationCanceledException"/> when it is gone.
    /// </summary>
    /// <param name="container">The container, which must run.</param>
    /// <param name="tty">True when the client expects a terminal.</param>
    /// <param name="streams">The client.</param>
    /// <param name="cancellationToken">Ends when the client is gone.</param>
    public static async Task<int> RunAsync(Container container, bool tty, TerminalStreams streams, CancellationToken cancellationToken)
    {
        var shim = Check(container, streams);
        using var place = Enter(container);
        using var output = Connect(container, tty, streams);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var detached = CancellationTokenSource.CreateLinkedTokenSource(gone.Token);
        try
        {
            _ = TerminalResize.FollowAsync(
                streams.Resizes, (size, ct) => TerminalResize.ApplyAsync(shim, container.Id, "", size, ct), gone.Token);
            if (streams.Stdin is { } stdin)
            {
                _ = CopyInputAsync(container, shim, stdin, detached, gone.Token);
            }

            var isComplete = await output.RunAsync(detached.Token, gone.Token);
            cancellationToken.ThrowIfCancellationRequested();
            return isComplete || container.State != V1.ContainerState.ContainerRunning
                ? 0
                : throw new StreamException($"attach to container {container.Id}: the connection to its shim has ended");
        }
        finally
        {
            await gone.CancelAsync();
        }
    }

    private static IDisposable Enter(Container container)
    {
        try
        {
            return _clients.GetValue(container, _ => new Admission("attached clients", MaxClients)).Enter($"attach to container {container.Id}");
        }
        catch (RpcException full)
        {
            throw new StreamException(full.Status.Detail);
        }
    }

    private static Shim Check(Container container, TerminalStreams streams)
    {
        if (container.State != V1.ContainerState.ContainerRunning)
        {
            throw new StreamException($"attach to container {container.Id}: it is in state {ContainerView.StateName(container.State)}");
        }

        if (streams.Stdin is not null && !container.Record.Config.Stdin)
        {
            throw new StreamException($"attach to container {container.Id}: it was created without standard input");
        }

        try
        {
            return container.Sandbox.RequireShim();
        }
        catch (RpcException error)
        {
            throw new StreamException($"attach to container {container.Id}: {error.Status.Detail}");
        }
    }

    private static AttachedOutput Connect(Container container, bool tty, TerminalStreams streams)
    {
        try
        {
            return new AttachedOutput(container.Files.Bundle, AttachFrame.SocketOf("init"), tty, streams);
        }
        catch (LinuxException error)
        {
            throw new StreamException($"attach to container {container.Id}: it has just ended or its shim cannot attach: {error.Message}");
        }
    }

    private static async Task CopyInputAsync(
        Container container, Shim shim, Stream stdin, CancellationTokenSource detached, CancellationToken cancellationToken)
    {
        if (!await ContainerInput.CopyAsync(stdin, container.Files.Stdin, cancellationToken))
        {
            return;
        }

        var config = container.Record.Config;
        try
        {
            if (config is not { StdinOnce: true, Tty: false })
            {
                await detached.CancelAsync();
                return;
            }

            await shim.Tasks.CloseIOAsync(new CloseIORequest { Id = container.Id, Stdin = true }, cancellationToken);
        }
        catch (Exception ended) when (ended is TtrpcException or OperationCanceledException or ObjectDisposedException)
        {
            // The container has ended meanwhile, and its input with it, or the attach has.
        }
    }
}
