using Cri.Linux;

namespace Cri.Shim.Io;

/// <summary>
/// The socket over which an OCI runtime hands the master of a process's pseudo-terminal. It lies in the bundle and is named
/// through a descriptor of that directory, since the path itself may be too long for a socket.
/// </summary>
internal sealed class ConsoleSocket : IDisposable
{
    private readonly string _file;
    private readonly Fd _directory;
    private readonly Fd _listener;

    public ConsoleSocket(string directory, string name)
    {
        _file = System.IO.Path.Combine(directory, name);
        _directory = PathFd.OpenDirectory(directory);
        try
        {
            // Whatever an earlier shim left there has no listener any more.
            SmallFile.Delete(_file);
            Path = $"/proc/{Environment.ProcessId}/fd/{_directory.Number}/{name}";
            _listener = UnixSocket.Listen(Path, 1, UnixSocket.OwnerOnly);
        }
        catch
        {
            _directory.Dispose();
            throw;
        }
    }

    /// <summary>The path to give to the runtime.</summary>
    public string Path { get; }

    /// <summary>Takes the master, once the runtime has ended well. Throws when it sent none.</summary>
    public Fd ReceiveMaster()
    {
        using var connection = UnixSocket.Accept(_listener)
            ?? throw new InvalidOperationException("the runtime did not connect to its console socket");
        return UnixSocket.ReceiveDescriptor(connection)
            ?? throw new InvalidOperationException("the runtime sent no terminal over its console socket");
    }

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Dispose();
        SmallFile.Delete(_file);
    }
}
