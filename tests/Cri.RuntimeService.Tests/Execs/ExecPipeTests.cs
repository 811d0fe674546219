using Cri.Linux;
using Cri.RuntimeService.Execs;
using Xunit;

namespace Cri.RuntimeService.Tests.Execs;

/// <summary>A container is removed while an exec begins: the answer is why the exec cannot be, not what its clean-up missed.</summary>
public sealed class ExecPipeTests
{
    [Fact]
    public void Dispose_BundleRemovedMeanwhile_DoesNothing()
    {
        var bundle = Directory.CreateTempSubdirectory("crisp-test-");
        var pipe = new ExecPipe(Path.Combine(bundle.FullName, "stdout"), 1024);

        bundle.Delete(recursive: true);

        pipe.Dispose();
    }

    [Fact]
    public async Task ReadAsync_EndedBeforeItRan_HasWhatHadCome()
    {
        var bundle = Directory.CreateTempSubdirectory("crisp-test-");
        using var pipe = new ExecPipe(Path.Combine(bundle.FullName, "stdout"), 1024);
        using var writer = Fifo.OpenWriter(pipe.Path);
        FdStream.Write(writer, "in time"u8);

        pipe.End();
        await pipe.ReadAsync();

        Assert.Equal("in time"u8, pipe.Content);
        bundle.Delete(recursive: true);
    }

    [Fact]
    public void Constructor_BundleRemovedBefore_SaysWhichPipeCannotBeMade()
    {
        var error = Assert.Throws<LinuxException>(() => new ExecPipe("/proc/crisp-test/stdout", 1024));

        Assert.Equal(Errno.ENOENT, error.Error);
        Assert.Contains("mknod", error.Message, StringComparison.Ordinal);
    }
}
