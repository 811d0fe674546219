using System.Diagnostics;
using Cri.Grpc.Server;
using Cri.ImageService;
using Cri.ImageService.Snapshots;
using Cri.RuntimeService;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Stats;
using Cri.Server.Configuration;
using Cri.Server.Interception;
using Cri.Server.Logging;
using Cri.Server.Metrics;

namespace Cri.Server;

/// <summary>A running crispd: every object there is, wired from top to bottom.</summary>
public sealed class Node : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _parts = new();

    private Node()
    {
    }

    /// <summary>The version that the CRI reports.</summary>
    public static string Version { get; } = typeof(Node).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>
    /// Starts in this order: directories and lock, host and OCI runtime, images, network, runtime service, recovery, socket.
    /// Throws <see cref="StartException"/>.
    /// </summary>
    public static async Task<Node> StartAsync(CrispConfiguration configuration, Logger log)
    {
        var started = Stopwatch.GetTimestamp();
        var node = new Node();
        try
        {
            await node.WireAsync(configuration, log);
            log.Info("ready", ("socket", configuration.Listen), ("ms", Stopwatch.GetElapsedTime(started).TotalMilliseconds.ToString("0")));
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops serving; pods and containers go on.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }
}
