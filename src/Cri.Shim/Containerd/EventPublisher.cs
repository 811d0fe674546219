using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc;
using Cri.Ttrpc.EventsApi;
using Cri.Ttrpc.Types;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Containerd;

/// <summary>
/// Hands events to containerd in order, one after the other, and tries again while containerd is away. Without an address it
/// does nothing: the CRI server learns of exits by Wait and from the file.
/// </summary>
internal sealed class EventPublisher(EventLoop loop, string? address, string? ns, Action<string> log)
{
    private const int MaxQueued = 1024;
    private const int MaxAttempts = 5;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _flushLimit = TimeSpan.FromSeconds(3);

    private readonly Queue<ForwardRequest> _queue = new();
    private Task _sending = Task.CompletedTask;

    /// <summary>Queues an event.</summary>
    public void Publish(string topic, string typeUrl, IMessage message)
    {
        if (address is null || _queue.Count >= MaxQueued)
        {
            return;
        }

        _queue.Enqueue(new ForwardRequest
        {
            Envelope = new Envelope
            {
                Timestamp = Timestamp.FromDateTime(DateTime.UtcNow),
                Namespace = ns ?? string.Empty,
                Topic = topic,
                Event = TypeUrl.Pack(typeUrl, message),
            },
        });
        if (_sending.IsCompleted)
        {
            _sending = SendAsync(address);
        }
    }

    /// <summary>Waits a little until what was queued is sent.</summary>
    public Task FlushAsync() => _sending.IsCompleted ? Task.CompletedTask : Task.WhenAny(_sending, loop.Delay(_flushLimit));

    private async Task SendAsync(string target)
    {
        while (_queue.TryDequeue(out var request))
        {
            for (var attempt = 1; !await TrySendAsync(target, request); attempt++)
            {
                if (attempt == MaxAttempts)
                {
                    log($"event {request.Envelope.Topic} is lost: containerd at {target} does not take it");
                    break;
                }

                await loop.Delay(_pause);
            }
        }
    }

    private async Task<bool> TrySendAsync(string target, ForwardRequest request)
    {
        try
        {
            await LoopCall.RunAsync(loop, target, TtrpcServiceName.Events, "Forward", request);
            return true;
        }
        catch (Exception e) when (e is LinuxException or TtrpcException or TimeoutException or InvalidDataException)
        {
            log($"event {request.Envelope.Topic}: {e.Message}");
            return false;
        }
    }
}
