using Cri.RuntimeService.Containers;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>What Exec and Attach may be asked for (ExecRequest and AttachRequest in the CRI's api.proto).</summary>
internal static class StreamChoice
{
    /// <summary>INVALID_ARGUMENT when no stream is asked for, or error output apart from a terminal's one output.</summary>
    internal static void Check(string operation, bool stdin, bool stdout, bool stderr, bool tty)
    {
        if (tty && stderr)
        {
            throw CriError.Invalid($"{operation}: tty and stderr exclude each other, for a terminal has one output");
        }

        if (!stdin && !stdout && !stderr)
        {
            throw CriError.Invalid($"{operation}: at least one of stdin, stdout and stderr is needed");
        }
    }

    /// <summary>The container, or FAILED_PRECONDITION when it does not run.</summary>
    internal static Container Running(string operation, Container container) => container.State == V1.ContainerState.ContainerRunning
        ? container
        : throw CriError.Precondition($"{operation}: it is not running but {container.State}");

    /// <summary>The URL of a request, or RESOURCE_EXHAUSTED when too many wait for their clients.</summary>
    internal static string Register(StreamingServer streaming, string operation, StreamRequest request)
    {
        try
        {
            return streaming.Register(request).AbsoluteUri;
        }
        catch (TooManyStreamsException full)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"{operation}: {full.Message}"));
        }
    }
}
