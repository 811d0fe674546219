using Xunit;

namespace Cri.Linux.Tests;

public sealed class FileSystemUsageTests
{
    [Fact]
    public async Task OfTree_WhileItIsRemovedAndMadeAgain_NeverFails()
    {
        var top = Directory.CreateTempSubdirectory("crisp-usage-").FullName;
        using var stop = new CancellationTokenSource();
        var churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Directory.CreateDirectory(Path.Combine(top, "a/b/c"));
                FileTree.Remove(Path.Combine(top, "a"));
            }
        });
        try
        {
            for (var i = 0; i < 200; i++)
            {
                Assert.NotNull(FileSystemUsage.OfTree(top));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await churn;
            FileTree.Remove(top);
        }
    }
}
