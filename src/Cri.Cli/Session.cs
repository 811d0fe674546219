using Cri.Api.V1;
using Cri.Grpc;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.Cli;

/// <summary>One run of a command: its connection to the runtime, and how it writes.</summary>
internal sealed class Session : IDisposable
{
    private readonly UnixChannel _channel;
    private readonly TimeSpan _timeout;

    public Session(Terminal terminal, string socketPath, TimeSpan timeout, bool json, CancellationToken interrupted)
    {
        Terminal = terminal;
        Json = json;
        Interrupted = interrupted;
        _timeout = timeout;
        _channel = new UnixChannel(socketPath);
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        Images = new ImageService.ImageServiceClient(_channel);
        CrispImages = new Api.CrispV1.Images.ImagesClient(_channel);
        CrispNode = new Api.CrispV1.Node.NodeClient(_channel);
    }

    /// <summary>Where to write.</summary>
    public Terminal Terminal { get; }

    /// <summary>True when the output is for programs.</summary>
    public bool Json { get; }

    /// <summary>Cancelled by Ctrl-C.</summary>
    public CancellationToken Interrupted { get; }

    /// <summary>Pods and containers.</summary>
    public RuntimeService.RuntimeServiceClient Runtime { get; }

    /// <summary>Images.</summary>
    public ImageService.ImageServiceClient Images { get; }

    /// <summary>What Crisp offers for images beyond the CRI; other runtimes do not have it.</summary>
    public Api.CrispV1.Images.ImagesClient CrispImages { get; }

    /// <summary>What Crisp offers for a node beyond the CRI.</summary>
    public Api.CrispV1.Node.NodeClient CrispNode { get; }

    /// <summary>The options of a call that Ctrl-C gives up.</summary>
    public CallOptions Options => OptionsFor(Interrupted);

    /// <summary>The options of a call that cleans up: Ctrl-C does not stop it, a minute does.</summary>
    public static CallOptions CleanUpOptions => new(null, DateTime.UtcNow.AddMinutes(1), CancellationToken.None);

    /// <summary>Writes a message as JSON.</summary>
    public void WriteJson(IMessage message) => Terminal.WriteLine(Output.JsonText.Of(message));

    public void Dispose() => _channel.Dispose();

    private CallOptions OptionsFor(CancellationToken token) =>
        new(null, _timeout > TimeSpan.Zero ? DateTime.UtcNow + _timeout : null, token);
}
