using System.Globalization;
using Cri.Streaming.Connections;
using Cri.Streaming.Spdy;

namespace Cri.Streaming.PortForwards;

/// <summary>
/// Port-forwards over SPDY: for each connection the client opens a data and an error stream with the headers port and requestID.
/// At most 512 at a time; a pair that is not complete within 30 s is given up.
/// </summary>
internal sealed class SpdyPortForward(PortForwardSession session, CancellationToken stop)
{
    /// <summary>The only subprotocol.</summary>
    internal const string Protocol = "portforward.k8s.io";

    private const int MostForwards = 512;
    private static readonly TimeSpan _longestCreation = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Pair> _incomplete = [];
    private readonly HashSet<Task> _running = [];
    private CancellationToken _gone;

    private sealed class Pair
    {
        internal SpdyStream? Data { get; set; }

        internal SpdyStream? Error { get; set; }

        internal CancellationTokenSource Complete { get; } = new();
    }

    /// <summary>Serves them on a channel whose upgrade has been answered; returns when the client is done or gone.</summary>
    internal async Task RunAsync(IByteChannel channel)
    {
        _gone = channel.Gone;
        var connection = new SpdyConnection(channel, 2 * MostForwards, Accept);
        var reading = connection.RunAsync();
        try
        {
            await connection.ReadingEnded.WaitAsync(stop);
            await Task.WhenAll(Running());
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }

        await connection.CloseAsync();
        await reading;
        await Task.WhenAll(Running());
    }

    private Task[] Running()
    {
        lock (_gate)
        {
            return [.. _running];
        }
    }

    // By the read loop, one stream after the other.
    private Action? Accept(SpdyStream stream)
    {
        var isData = stream.Header("streamtype") == "data";
        if ((!isData && stream.Header("streamtype") != "error") || Port(stream) is null)
        {
            return null;
        }

        var id = stream.Header("requestid") ?? PairedId(stream, isData);
        lock (_gate)
        {
            var pair = _incomplete.GetValueOrDefault(id);
            if (pair is null)
            {
                // A stream that the client has reset counts no more, but what it began still does until it has ended.
                if (_running.Count >= 2 * MostForwards)
                {
                    return null;
                }

                pair = new Pair();
                _incomplete[id] = pair;
                Track(ExpireAsync(id, pair));
            }

            if ((isData ? pair.Data : pair.Error) is not null)
            {
                return null;
            }

            pair.Data = isData ? stream : pair.Data;
            pair.Error = isData ? pair.Error : stream;
            return () => StartIfComplete(id, pair);
        }
    }

    private static int? Port(SpdyStream stream) =>
        int.TryParse(stream.Header("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue
            ? port
            : null;

    // Clients before requestID opened the error stream, then the data stream.
    private static string PairedId(SpdyStream stream, bool isData) =>
        (isData ? stream.Id - 2 : stream.Id).ToString(CultureInfo.InvariantCulture);

    private void StartIfComplete(string id, Pair pair)
    {
        if (pair is not { Data: { } data, Error: { } error })
        {
            return;
        }

        lock (_gate)
        {
            _incomplete.Remove(id);
        }

        pair.Complete.Cancel();
        Track(Task.Run(() => ForwardAsync(data, error)));
    }

    private void Track(Task task)
    {
        lock (_gate)
        {
            _running.Add(task);
        }

        _ = task.ContinueWith(
            done =>
            {
                lock (_gate)
                {
                    _running.Remove(done);
                }
            },
            TaskScheduler.Default);
    }

    private async Task ExpireAsync(string id, Pair pair)
    {
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(pair.Complete.Token, _gone, stop);
            await Task.Delay(_longestCreation, end.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (_gate)
        {
            _incomplete.Remove(id);
        }

        await EndAsync(pair.Data, pair.Error, "timed out waiting for the data and the error stream");
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(data.Cancelled, stop);
        var failure = await session.ForwardAsync(Port(data)!.Value, data.Input, data.Output, FinishAsync, cancelled.Token);
        await EndAsync(data, error, failure);

        async ValueTask<bool> FinishAsync()
        {
            await data.FinishAsync(cancelled.Token);
            return true;
        }
    }

    // A stream that both sides have finished is over, and a reset of it is not sent.
    private static async Task EndAsync(SpdyStream? data, SpdyStream? error, string? failure)
    {
        using var limit = new CancellationTokenSource(_longestCreation);
        try
        {
            if (error is not null)
            {
                error.Buffer.Discard();
                if (failure is not null)
                {
                    await error.Output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(failure), limit.Token);
                }

                await error.FinishAsync(limit.Token);
            }

            if (data is not null)
            {
                await data.ResetAsync(RstStatus.Cancel, limit.Token);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The client is gone, or does not read.
        }
    }
}
