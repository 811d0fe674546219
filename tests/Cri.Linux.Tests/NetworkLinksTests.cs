using Xunit;

namespace Cri.Linux.Tests;

public sealed class NetworkLinksTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("links-").FullName;

    private string Pinned => Path.Combine(_directory, "net");

    public void Dispose()
    {
        Namespaces.Unpin(Pinned);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task ReadAsync_OfANewNamespace_HasItsLoopbackWithItsTraffic()
    {
        PinNew();
        OwnThread.Run(() => Namespaces.WithinNet(Pinned, SendOnLoopback));

        var links = Assert.Single(await NetworkLinks.ReadAsync([Pinned]))!;

        var loopback = Assert.Single(links, link => link.IsLoopback);
        Assert.Equal("lo", loopback.Name);
        Assert.True(loopback.TxBytes >= 100, $"{loopback}");
        Assert.Equal(loopback.TxBytes, loopback.RxBytes);
        Assert.Equal(loopback.TxPackets, loopback.RxPackets);
        Assert.Equal(0u, loopback.RxErrors + loopback.TxErrors);
    }

    [Fact]
    public async Task ReadAsync_ThenGoingOn_IsInOurNamespace()
    {
        PinNew();
        var ours = NamespaceOf("self");

        // On the thread pool, as in the server: what awaits goes on wherever the awaited has ended.
        var after = await Task.Run(async () =>
        {
            Assert.NotNull(Assert.Single(await NetworkLinks.ReadAsync([Pinned])));
            return NamespaceOf("thread-self");
        });

        Assert.Equal(ours, after);
    }

    [Fact]
    public void WithinNet_ThatThrows_ComesBack()
    {
        PinNew();
        var (before, inside, after) = ("", "", "");
        OwnThread.Run(() =>
        {
            before = NamespaceOf("thread-self");
            Assert.Throws<InvalidDataException>(() => Namespaces.WithinNet<int>(Pinned, () =>
            {
                inside = NamespaceOf("thread-self");
                throw new InvalidDataException();
            }));
            after = NamespaceOf("thread-self");
        });

        Assert.NotEqual(before, inside);
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task ReadAsync_OfSeveral_LeavesOutThoseThatAreGone()
    {
        var all = await NetworkLinks.ReadAsync(["/no/such/namespace", "/proc/self/ns/net"]);

        Assert.Null(all[0]);
        Assert.Contains(all[1]!, link => link.Name == "lo");
    }

    [Fact]
    public async Task ReadAsync_OfAFileThatIsNoNamespace_IsNull() => Assert.Null(Assert.Single(await NetworkLinks.ReadAsync(["/etc/hostname"])));

    private static string NamespaceOf(string who) => File.ResolveLinkTarget($"/proc/{who}/ns/net", returnFinalTarget: false)!.Name;

    private static int SendOnLoopback()
    {
        using var socket = new System.Net.Sockets.UdpClient();
        return socket.Send(new byte[100], 100, "127.0.0.1", 9);
    }

    private void PinNew() => OwnThread.Run(() =>
    {
        Namespaces.Unshare(NamespaceKinds.Net);
        Namespaces.Pin("net", Pinned);
        NetworkInterface.BringUp("lo");
    });
}
