using Cri.Api.V1;
using Cri.Grpc.Server;
using Grpc.Core;

namespace Cri.Cli.Tests;

/// <summary>A real server on a socket with a node in memory: enough of the CRI for the client's commands.</summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly GrpcServer _server;

    private FakeNode()
    {
        Images = new FakeImages();
        Runtime = new FakeRuntime();
        _server = new GrpcServer(
            new GrpcServerOptions { SocketPath = Path.Combine(Directory.FullName, "crisp.sock") },
            [RuntimeService.BindService(Runtime), ImageService.BindService(Images)]);
    }

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("crisp-cli-");

    public FakeRuntime Runtime { get; }

    public FakeImages Images { get; }

    public string Address => $"unix://{Directory.FullName}/crisp.sock";

    public string LogRoot => Path.Combine(Directory.FullName, "logs");

    public static async Task<FakeNode> StartAsync()
    {
        var node = new FakeNode();
        await node._server.StartAsync(CancellationToken.None);
        return node;
    }

    public async Task<CommandResult> RunAsync(params string[] args) => await RunAsync(CancellationToken.None, args);

    public async Task<CommandResult> RunAsync(CancellationToken interrupted, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        var code = await CommandTree.InvokeAsync(args.Contains("--address") ? args : ["--address", Address, .. args], new Terminal(output, error, IsInteractive: false), interrupted);
        return new CommandResult(code, Text(output), Text(error));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(recursive: true);
    }

    private static string Text(MemoryStream stream) => System.Text.Encoding.UTF8.GetString(stream.ToArray());
}

/// <summary>What a command left behind.</summary>
internal sealed record CommandResult(int Code, string Out, string Error);
