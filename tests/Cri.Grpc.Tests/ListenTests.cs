using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Grpc.Server;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class ListenTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("crisp-listen-");

    private string SocketPath => Path.Combine(_directory.FullName, "a", "b.sock");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Start_Fresh_MakesDirectoryAndSocketWithMode()
    {
        await using var server = NewServer();
        await server.StartAsync(CancellationToken.None);
        Assert.Equal(Convert.ToInt32("660", 8), (int)File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public async Task Start_StaleSocket_ReplacesIt()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        LeaveStaleSocket(SocketPath);
        Assert.True(File.Exists(SocketPath));
        await using var server = NewServer();
        await server.StartAsync(CancellationToken.None);
        Assert.Equal("v1", await VersionAsync());
    }

    [Fact]
    public async Task Start_LiveServerThere_RefusesAndLeavesItAlone()
    {
        await using var first = NewServer();
        await first.StartAsync(CancellationToken.None);
        await using (var second = NewServer())
        {
            var e = await Assert.ThrowsAsync<IOException>(() => second.StartAsync(CancellationToken.None));
            Assert.Equal($"listen on {SocketPath}: another server listens there", e.Message);
        }

        Assert.Equal("v1", await VersionAsync());
    }

    [Fact]
    public async Task Start_RegularFileThere_RefusesAndKeepsIt()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        await File.WriteAllTextAsync(SocketPath, "precious");
        await using var server = NewServer();
        var e = await Assert.ThrowsAsync<IOException>(() => server.StartAsync(CancellationToken.None));
        Assert.Equal($"listen on {SocketPath}: it exists and is no socket", e.Message);
        Assert.Equal("precious", await File.ReadAllTextAsync(SocketPath));
    }

    [Fact]
    public async Task Start_PathTooLong_NamesIt()
    {
        var path = Path.Combine(_directory.FullName, new string('x', 120));
        await using var server = new GrpcServer(new GrpcServerOptions { SocketPath = path }, []);
        var e = await Assert.ThrowsAsync<IOException>(() => server.StartAsync(CancellationToken.None));
        Assert.StartsWith($"listen on {path}: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_Started_RemovesSocketFile()
    {
        await using var server = NewServer();
        await server.StartAsync(CancellationToken.None);
        await server.StopAsync(TimeSpan.FromSeconds(60));
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task Accept_OverConnectionLimit_ClosesTheConnection()
    {
        await using var server = new GrpcServer(
            new GrpcServerOptions { SocketPath = SocketPath, MaxConnections = 1 }, [RuntimeService.BindService(new EchoRuntime())]);
        await server.StartAsync(CancellationToken.None);
        using var channel = new UnixChannel(SocketPath);
        await new RuntimeService.RuntimeServiceClient(channel).VersionAsync(new VersionRequest());
        using var second = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await second.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        Assert.Equal(0, await second.ReceiveAsync(new byte[1]));
    }

    private GrpcServer NewServer() => new(new GrpcServerOptions { SocketPath = SocketPath }, [RuntimeService.BindService(new EchoRuntime())]);

    private async Task<string> VersionAsync()
    {
        using var channel = new UnixChannel(SocketPath);
        return (await new RuntimeService.RuntimeServiceClient(channel).VersionAsync(new VersionRequest { Version = "v1" })).Version;
    }

    // A server that was killed leaves the file behind; .NET's own sockets remove it, so the bound one is renamed away and back.
    private static void LeaveStaleSocket(string path)
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept");
        }

        File.Move(path + ".kept", path);
    }
}
