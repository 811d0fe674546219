using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc.Server;

namespace Cri.Shim.Rpc;

/// <summary>Accepts connections for as long as the shim lives; clients come and go.</summary>
internal sealed class RpcListener(EventLoop loop, Fd listener, TtrpcDispatcher dispatcher, Action<string> log)
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    public async Task RunAsync()
    {
        using var watch = loop.Watch(listener);
        while (await watch.ReadableAsync())
        {
            try
            {
                if (UnixSocket.Accept(listener) is { } socket)
                {
                    _ = new RpcConnection(loop, socket, dispatcher).RunAsync();
                }
            }
            catch (LinuxException e)
            {
                // Out of descriptors or memory: what runs goes on, newcomers wait.
                log($"accept: {e.Message}");
                await loop.Delay(_pause);
            }
        }
    }
}
