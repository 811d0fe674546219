using Xunit;

namespace Cri.Linux.Tests;

public sealed class UnixSocketTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("socket-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Connect_ToAListener_CarriesBytes()
    {
        var path = Path.Combine(_directory, "s");
        using var listener = UnixSocket.Listen(path);
        Assert.Null(UnixSocket.Accept(listener));
        using var client = UnixSocket.Connect(path);
        using var server = UnixSocket.Accept(listener);
        var buffer = new byte[8];
        Assert.Equal(FdStream.WouldBlock, FdStream.Read(server!, buffer));
        Assert.Equal(3, UnixSocket.Send(client, "abc"u8));
        Assert.Equal(3, FdStream.Read(server!, buffer));
        client.Dispose();

        // What another test starts at this instant has our descriptors until its exec.
        Assert.True(SpinWait.SpinUntil(() => FdStream.Read(server!, buffer) == 0, TimeSpan.FromSeconds(60)), "the end does not come");
    }

    [Fact]
    public void Listen_PathTakenOrTooLong_SaysSo()
    {
        var path = Path.Combine(_directory, "s");
        using var listener = UnixSocket.Listen(path);
        Assert.Equal(Errno.EADDRINUSE, Assert.Throws<LinuxException>(() => UnixSocket.Listen(path)).Error);
        var tooLong = Path.Combine(_directory, new string('x', UnixSocket.MaxPath));
        Assert.Equal(Errno.ENAMETOOLONG, Assert.Throws<LinuxException>(() => UnixSocket.Listen(tooLong)).Error);
    }

    private static LinuxException? ConnectError(string path)
    {
        try
        {
            UnixSocket.Connect(path).Dispose();
            return null;
        }
        catch (LinuxException error)
        {
            return error;
        }
    }

    [Fact]
    public void Connect_NobodyListens_IsRefused()
    {
        var path = Path.Combine(_directory, "s");
        UnixSocket.Listen(path).Dispose();
        LinuxException? error = null;

        // What another test starts at this instant has the listener until its exec.
        Assert.True(SpinWait.SpinUntil(() => (error = ConnectError(path)) is not null, TimeSpan.FromSeconds(60)), "somebody listens");
        Assert.Equal(Errno.ECONNREFUSED, error!.Error);
    }
}
