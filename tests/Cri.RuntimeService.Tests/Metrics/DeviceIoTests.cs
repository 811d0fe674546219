using Cri.RuntimeService.Metrics;
using Xunit;

namespace Cri.RuntimeService.Tests.Metrics;

public sealed class DeviceIoTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("io-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Unified_OfIoStat_HasBytesAndOperations()
    {
        Write("io.stat", "254:0 rbytes=90112 wbytes=4096 rios=3 wios=1 dbytes=0 dios=0\n7:1 \n8:16 rbytes=1 wbytes=2 rios=3 wios=4\n");

        Assert.Equal([new("254:0", 90112, 4096), new("7:1", 0, 0), new("8:16", 1, 2)], DeviceIo.Unified(_directory, bytes: true));
        Assert.Equal([new("254:0", 3, 1), new("7:1", 0, 0), new("8:16", 3, 4)], DeviceIo.Unified(_directory, bytes: false));
    }

    [Fact]
    public void Legacy_OfBlkio_HasReadsAndWritesByDevice()
    {
        Write("blkio.throttle.io_service_bytes_recursive", "8:0 Read 100\n8:0 Write 20\n8:0 Sync 5\n8:0 Total 125\n8:16 Read 7\n8:16 Write 0\nTotal 132\n");

        Assert.Equal([new("8:0", 100, 20), new("8:16", 7, 0)], DeviceIo.Legacy(_directory, bytes: true));
        Assert.Empty(DeviceIo.Legacy(_directory, bytes: false));
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);
}
