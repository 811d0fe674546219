using Cri.Linux;

namespace Cri.Shim.Tests.Tasks;

public sealed class RootFilesystemTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Theory]
    [InlineData(3, 8)]
    [InlineData(100, 8)]
    [InlineData(127, 100)]
    public async Task Create_OverlayOfManyLongLayers_MountsThemInOrder(int layers, int nameLength)
    {
        var container = TestContainer.Prepare(_shim, "echo $(ls /layer | busybox wc -l) $(cat /layer/top)");
        // Upper and work directories must not lie on an overlay themselves.
        var disk = Directory.CreateDirectory(Path.Combine(_shim.Directory, "disk")).FullName;
        Mount.Make("tmpfs", "tmpfs", disk, []);
        try
        {
            var overlay = TestContainer.Mount(
                "overlay",
                "overlay",
                $"lowerdir={string.Join(':', Layers(disk, layers, nameLength))}:{BusyboxRoot.Directory}",
                $"upperdir={Directory.CreateDirectory(Path.Combine(disk, "upper")).FullName}",
                $"workdir={Directory.CreateDirectory(Path.Combine(disk, "work")).FullName}");
            await container.CreateAsync(request =>
            {
                request.Rootfs.Clear();
                request.Rootfs.Add(overlay);
            });
            await container.StartAsync();
            Assert.Equal(0u, (await container.WaitAsync()).ExitStatus);
            Assert.Equal($"{layers + 1} {layers - 1}\n", container.LogText());
            await container.DeleteAsync();
        }
        finally
        {
            Mount.UnmountAll(disk);
        }
    }

    [Fact]
    public async Task Create_MountThatFails_NamesItAndLeavesNothing()
    {
        var container = TestContainer.Prepare(_shim, "true");
        var e = await Assert.ThrowsAsync<Cri.Ttrpc.TtrpcException>(() => container.CreateAsync(request =>
            request.Rootfs.Add(TestContainer.Mount("bind", "/no/such/source", "rbind"))));
        Assert.Contains("/no/such/source", e.Message, StringComparison.Ordinal);
        Assert.Empty(MountTable.Below(_shim.Directory));
    }

    // The topmost first, as overlayfs wants them; each has a file of its own and one that it shares with all.
    private static List<string> Layers(string disk, int count, int nameLength)
    {
        var paths = new List<string>();
        for (var i = count - 1; i >= 0; i--)
        {
            var path = Path.Combine(disk, i.ToString().PadLeft(nameLength, 'x'), "fs");
            Directory.CreateDirectory(Path.Combine(path, "layer"));
            File.WriteAllText(Path.Combine(path, "layer", $"{i}"), string.Empty);
            File.WriteAllText(Path.Combine(path, "layer", "top"), $"{i}");
            paths.Add(path);
        }

        return paths;
    }
}
