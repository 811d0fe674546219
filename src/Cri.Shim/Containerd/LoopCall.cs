using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc;
using Cri.Ttrpc.Wire;
using Google.Protobuf;

namespace Cri.Shim.Containerd;

/// <summary>One ttrpc call from the loop, on a connection of its own.</summary>
internal static class LoopCall
{
    private const int ReadSize = 4096;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(5);

    /// <summary>Calls and waits for the answer, whose payload is not looked at. Throws the server's status.</summary>
    public static async Task RunAsync(EventLoop loop, string socketPath, string service, string method, IMessage request)
    {
        using var socket = UnixSocket.Connect(socketPath);
        using var watch = loop.Watch(socket);
        var call = CallAsync(socket, watch, RequestEnvelope.Frame(1, service, method, request, _limit.Ticks * 100));
        await call.WaitAsync(_limit, loop.Time);
    }

    private static async Task CallAsync(Fd socket, FdWatch watch, byte[] frame)
    {
        for (var sent = 0; sent < frame.Length;)
        {
            var count = UnixSocket.Send(socket, frame.AsSpan(sent));
            if (count != FdStream.WouldBlock)
            {
                sent += count;
            }
            else if (!await watch.WritableAsync())
            {
                return;
            }
        }

        var isAnswered = false;
        var decoder = new FrameDecoder((_, payload, _) => isAnswered = Check(payload));
        var buffer = new byte[ReadSize];
        while (!isAnswered && await watch.ReadableAsync())
        {
            var count = FdStream.Read(socket, buffer);
            if (count == 0)
            {
                throw new TtrpcException(TtrpcStatusCode.Unavailable, "connection was closed without an answer");
            }

            decoder.Receive(buffer.AsSpan(0, Math.Max(count, 0)));
        }
    }

    private static bool Check(ReadOnlySpan<byte> payload)
    {
        var response = ResponseEnvelope.Read(payload);
        return response.Code == TtrpcStatusCode.Ok ? true : throw new TtrpcException(response.Code, response.Message);
    }
}
