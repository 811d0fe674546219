using System.Net.Sockets;
using Cri.Api.CrispV1;
using Cri.Api.V1;
using Cri.Grpc.Server;

namespace Cri.Grpc.Tests;

/// <summary>A real server on a socket in a directory of its own, a channel to it, and a raw HTTP/2 client.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("crisp-grpc-");

    private EchoServer(Func<GrpcServerOptions, GrpcServerOptions>? configure)
    {
        SocketPath = Path.Combine(_directory.FullName, "sub", "crisp.sock");
        var options = new GrpcServerOptions { SocketPath = SocketPath };
        Options = configure is null ? options : configure(options);
        Server = new GrpcServer(Options, [RuntimeService.BindService(Echo), Images.BindService(EchoImages)]);
        Channel = new UnixChannel(SocketPath);
        Client = new RuntimeService.RuntimeServiceClient(Channel);
        ImagesClient = new Images.ImagesClient(Channel);
        Http = NewHttpClient(SocketPath);
    }

    public EchoRuntime Echo { get; } = new();

    public EchoImages EchoImages { get; } = new();

    public string SocketPath { get; }

    public GrpcServerOptions Options { get; }

    public GrpcServer Server { get; }

    public UnixChannel Channel { get; }

    public RuntimeService.RuntimeServiceClient Client { get; }

    public Images.ImagesClient ImagesClient { get; }

    public HttpClient Http { get; }

    public static async Task<EchoServer> StartAsync(Func<GrpcServerOptions, GrpcServerOptions>? configure = null)
    {
        var server = new EchoServer(configure);
        await server.Server.StartAsync(CancellationToken.None);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        Echo.Release.TrySetResult();
        Channel.Dispose();
        Http.Dispose();
        await Server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static HttpClient NewHttpClient(string socketPath) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
