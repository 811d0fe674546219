using Cri.Bench.Measuring;
using Cri.Grpc;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.Bench;

/// <summary>A runtime under measurement.</summary>
public sealed class Endpoint : IDisposable
{
    private readonly string _socket;
    private UnixChannel _channel;

    /// <summary>Connects to its socket, a path with or without <c>unix://</c>.</summary>
    public Endpoint(string name, string socket, string podsCgroup)
    {
        PodsCgroup = $"/{podsCgroup}/{name}";
        Name = name;
        _socket = socket.Replace("unix://", "", StringComparison.Ordinal);
        Reconnect();
    }

    /// <summary>The name it goes by in the tables.</summary>
    public string Name { get; }

    /// <summary>The runtime half of the CRI.</summary>
    public V1.RuntimeService.RuntimeServiceClient Runtime { get; private set; } = null!;

    /// <summary>The image half of the CRI.</summary>
    public V1.ImageService.ImageServiceClient Images { get; private set; } = null!;

    /// <summary>Its server.</summary>
    public ServerProcess Server { get; private set; } = null!;

    /// <summary>The cgroup that all pods of the bench are put below, so that they can be told from the runtime.</summary>
    public string PodsCgroup { get; }

    /// <summary>Finds the server anew, as after a restart.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_channel))]
    public void Reconnect()
    {
        _channel?.Dispose();
        _channel = new UnixChannel(_socket);
        Runtime = new V1.RuntimeService.RuntimeServiceClient(_channel);
        Images = new V1.ImageService.ImageServiceClient(_channel);
        Server = ServerProcess.Behind(_socket);
    }

    /// <summary>Calls a method of the runtime half, reads its answer to the last byte, and returns how long that is.</summary>
    public async Task<int> AskAsync<TRequest>(string method, TRequest request)
        where TRequest : class, IMessage =>
        (int)await _channel.AsyncUnaryCall(
            new Method<TRequest, object>(
                MethodType.Unary,
                V1.RuntimeService.Descriptor.FullName,
                method,
                Marshallers.Create<TRequest>((message, context) => context.Complete(message.ToByteArray()), _ => throw new NotSupportedException()),
                Marshallers.Create<object>((_, _) => throw new NotSupportedException(), context => context.PayloadLength)),
            host: null,
            new CallOptions(),
            request).ResponseAsync;

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
