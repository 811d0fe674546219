using System.Globalization;
using System.Text.RegularExpressions;
using Cri.Ttrpc.CrispApi;

namespace Cri.Shim.Tests.Io;

public sealed partial class CriLogTests : IAsyncLifetime
{
    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Log_LinesOfBothStreams_AreInTheFormatOfTheCri()
    {
        var container = await TestContainer.RunAsync(_shim, "echo one; echo two >&2; echo; printf tail");
        await container.WaitAsync();
        var lines = container.LogLines();
        Assert.All(lines, line => Assert.Matches(Line(), line));
        Assert.All(lines, line => Assert.True(
            DateTimeOffset.UtcNow - DateTimeOffset.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture) < TimeSpan.FromMinutes(10)));
        Assert.Equal(["F one", "F ", "P tail"], lines.Where(line => line.Contains(" stdout ", StringComparison.Ordinal)).Select(Tail));
        Assert.Equal(["F two"], lines.Where(line => line.Contains(" stderr ", StringComparison.Ordinal)).Select(Tail));
        Assert.Equal((UnixFileMode)0x1a0, File.GetUnixFileMode(container.LogFile) & (UnixFileMode)0x1ff);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Log_LineOf40Kibibytes_IsCutIntoPiecesOf16()
    {
        var container = await TestContainer.RunAsync(_shim, "head -c 40960 /dev/zero | busybox tr '\\0' x; echo; echo end");
        await container.WaitAsync();
        var lines = container.LogLines().Select(line => line.Split(' ', 4)).ToList();
        Assert.Equal([("P", 16384), ("P", 16384), ("F", 8192), ("F", 3)], lines.Select(parts => (parts[2], parts[3].Length)));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Log_LineOfExactly16Kibibytes_IsOneFullLine()
    {
        var container = await TestContainer.RunAsync(_shim, "head -c 16384 /dev/zero | busybox tr '\\0' x; echo");
        await container.WaitAsync();
        var parts = Assert.Single(container.LogLines()).Split(' ', 4);
        Assert.Equal(("F", 16384), (parts[2], parts[3].Length));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Log_ManyLinesThenExit_LosesNothing()
    {
        const int Count = 200_000;
        var container = await TestContainer.RunAsync(_shim, $"seq 1 {Count}");
        await container.WaitAsync();
        Assert.Equal(Enumerable.Range(1, Count).Select(i => i.ToString(CultureInfo.InvariantCulture)), container.LogLines().Select(line => line.Split(' ', 4)[3]));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task ReopenLog_AfterARename_WritesToANewFile()
    {
        var container = await TestContainer.RunAsync(
            _shim, "trap 'echo after; exit' TERM; echo before; while :; do sleep 0.05; done");
        await container.WaitForLogAsync("before");
        File.Move(container.LogFile, container.LogFile + ".1");
        await _shim.Shim.ReopenLogAsync(new ReopenLogRequest { ContainerId = container.Id });
        await container.KillAsync(15);
        await container.WaitAsync();
        Assert.Equal("after\n", container.LogText());
        Assert.EndsWith("F before", Assert.Single(File.ReadAllLines(container.LogFile + ".1")), StringComparison.Ordinal);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Create_LogDirectoryMissing_NamesThePath()
    {
        var container = TestContainer.Prepare(_shim, "true");
        var e = await Assert.ThrowsAsync<Cri.Ttrpc.TtrpcException>(() => container.CreateAsync(request => request.Stdout = "cri:///no/such/dir/0.log"));
        Assert.Contains("/no/such/dir/0.log", e.Message, StringComparison.Ordinal);
        Assert.Contains("No such file or directory", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_FullDisk_DropsWithANoteAndGoesOn()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_shim.Directory, "disk")).FullName;
        Cri.Linux.Mount.Make("tmpfs", "tmpfs", disk, ["size=64k"]);
        try
        {
            var log = Path.Combine(disk, "0.log");
            var container = TestContainer.Prepare(_shim, "seq 1 50000; echo middle >&2; : > /tmp/written; while ! [ -e /tmp/go ]; do sleep 0.05; done; echo last");
            await container.CreateAsync(request =>
            {
                request.Stdout = request.Stderr = $"cri://{log}";
                request.Rootfs.Add(new Cri.Ttrpc.Types.Mount { Type = "tmpfs", Source = "tmpfs", Target = "/tmp" });
            });
            await container.StartAsync();
            Assert.True(SpinWait.SpinUntil(() => File.Exists($"/proc/{container.Pid}/root/tmp/written"), TimeSpan.FromSeconds(60)), "it writes for ever");
            Cri.Linux.Mount.Make("tmpfs", "tmpfs", disk, ["remount", "size=8m"]);
            File.WriteAllText($"/proc/{container.Pid}/root/tmp/go", string.Empty);
            Assert.Equal(0u, (await container.WaitAsync()).ExitStatus);
            var lines = File.ReadAllLines(log);
            Assert.Contains(lines, line => line.Contains("bytes of log were dropped", StringComparison.Ordinal) && Line().IsMatch(line));
            Assert.EndsWith("F last", lines.Last(line => line.Contains(" stdout ", StringComparison.Ordinal)), StringComparison.Ordinal);
            await container.DeleteAsync();
        }
        finally
        {
            Cri.Linux.Mount.UnmountAll(disk);
        }
    }

    private static string Tail(string line) => line[(line.IndexOf(" std", StringComparison.Ordinal) + 8)..];

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] ")]
    private static partial Regex Line();
}
