using Cri.Api.V1;
using Cri.Grpc.Server;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.Cli.Tests;

/// <summary>A real server on a socket with a node in memory: enough of the CRI for the client's commands.</summary>
internal sealed class FakeNode : IAsyncDisposable
{
    private readonly GrpcServer _server;
    private readonly StreamingServer _streaming = StreamingServer.Start(new StreamingOptions());

    private FakeNode(bool withCrispImages)
    {
        Images = new FakeImages();
        Runtime = new FakeRuntime(_streaming);
        _server = new GrpcServer(
            new GrpcServerOptions { SocketPath = Path.Combine(Directory.FullName, "crisp.sock") },
            [
                RuntimeService.BindService(Runtime), ImageService.BindService(Images),
                .. withCrispImages ? [Api.CrispV1.Images.BindService(CrispImages)] : Array.Empty<ServerServiceDefinition>(),
            ]);
    }

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("crisp-cli-");

    public FakeRuntime Runtime { get; }

    public FakeImages Images { get; }

    public FakeCrispImages CrispImages { get; } = new();

    public string Address => $"unix://{Directory.FullName}/crisp.sock";

    /// <summary>What the commands may read.</summary>
    public Stream Input { get; set; } = Stream.Null;

    public string LogRoot => Path.Combine(Directory.FullName, "logs");

    /// <summary>Starts it; <paramref name="withCrispImages"/> with the service that only Crisp has.</summary>
    public static async Task<FakeNode> StartAsync(bool withCrispImages = false)
    {
        var node = new FakeNode(withCrispImages);
        await node._server.StartAsync(CancellationToken.None);
        return node;
    }

    public async Task<CommandResult> RunAsync(params string[] args) => await RunAsync(CancellationToken.None, args);

    public async Task<CommandResult> RunAsync(CancellationToken interrupted, params string[] args)
    {
        using var output = new MemoryStream();
        return await RunAsync(output, interrupted, args);
    }

    /// <summary>Runs a command at a terminal, whose progress goes to <paramref name="error"/>.</summary>
    public async Task<CommandResult> RunAtTerminalAsync(ScreenStream error, params string[] args)
    {
        using var output = new MemoryStream();
        var code = await CommandTree.InvokeAsync(["--address", Address, .. args], new Terminal(output, error, IsInteractive: true), CancellationToken.None);
        return new CommandResult(code, Text(output), error.Text);
    }

    /// <summary>Runs a command that writes into a stream of the test's.</summary>
    public async Task<CommandResult> RunAsync(MemoryStream output, CancellationToken interrupted, params string[] args)
    {
        using var error = new MemoryStream();
        var terminal = new Terminal(output, error, IsInteractive: false) { OpenInput = () => Input };
        var code = await CommandTree.InvokeAsync(args.Contains("--address") ? args : ["--address", Address, .. args], terminal, interrupted);
        return new CommandResult(code, Text(output), Text(error));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _streaming.DisposeAsync();
        Directory.Delete(recursive: true);
    }

    private static string Text(MemoryStream stream) => System.Text.Encoding.UTF8.GetString(stream.ToArray());
}

/// <summary>What a command left behind.</summary>
internal sealed record CommandResult(int Code, string Out, string Error);
