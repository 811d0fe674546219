using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc.Attach;

namespace Cri.Shim.Io.Attach;

/// <summary>
/// Where clients get the output of a process while it runs: a socket in the bundle, which anyone with the rights of root may
/// connect to at any time, as a server does again after its restart. Idle it is one descriptor.
/// </summary>
internal sealed class AttachPoint : IDisposable
{
    private readonly IoServices _services;
    private readonly string _file;
    private readonly Fd _listener;
    private readonly FdWatch _watch;
    private readonly List<AttachedClient> _clients = [];

    /// <summary>Listens at <paramref name="name"/> in the directory.</summary>
    public AttachPoint(IoServices services, string directory, string name)
    {
        _services = services;
        _file = Path.Combine(directory, name);

        // Whatever an earlier shim left there has no listener any more.
        SmallFile.Delete(_file);
        using (var path = new ShortPath(directory))
        {
            _listener = UnixSocket.Listen(path.To(name), mode: UnixSocket.OwnerOnly);
        }

        _watch = services.Loop.Watch(_listener);
        _ = AcceptAsync();
    }

    /// <summary>Hands output to every client; takes no time.</summary>
    public void Offer(ReadOnlySpan<byte> bytes, bool isStderr)
    {
        // Whoever connected before this output came is to get it: it may be the answer to what that client typed.
        TryAccept();
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            // From the last to the first, because one that is gone removes itself.
            _clients[i].Offer(isStderr ? AttachFrameKind.Stderr : AttachFrameKind.Stdout, bytes);
        }
    }

    /// <summary>Takes no more clients, and lets go of each once it has read everything.</summary>
    public void Dispose()
    {
        _watch.Dispose();
        _listener.Dispose();
        SmallFile.Delete(_file);
        for (var i = _clients.Count - 1; i >= 0; i--)
        {
            _clients[i].End();
        }
    }

    private async Task AcceptAsync()
    {
        while (await _watch.ReadableAsync())
        {
            if (!TryAccept())
            {
                await _services.Loop.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    // False when out of descriptors: clients wait in the queue until there are some.
    private bool TryAccept()
    {
        try
        {
            while (UnixSocket.Accept(_listener) is { } socket)
            {
                _clients.Add(new AttachedClient(_services.Loop, _services.Buffers, socket, client => _clients.Remove(client)));
            }

            return true;
        }
        catch (Exception full) when (full is LinuxException or ObjectDisposedException)
        {
            return false;
        }
    }
}
