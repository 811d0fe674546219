using Xunit;

namespace Cri.Linux.Tests;

public sealed class KernelTextTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("text-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Read_OfKeysAndNumbers_FindsEachWholeKey()
    {
        Write("rss_huge 5\nrss 7\nempty\nlast 18446744073709551615");

        using var text = KernelText.Read(_directory, "file");

        Assert.Equal(7u, text["rss"u8]);
        Assert.Equal(ulong.MaxValue, text["last"u8]);
        Assert.Null(text["empty"u8]);
        Assert.Null(text["ss"u8]);
    }

    [Theory]
    [InlineData("42\n", 42ul)]
    [InlineData("max\n", null)]
    [InlineData("", null)]
    public void NumberIn_AFile_IsItsNumber(string content, ulong? expected)
    {
        Write(content);

        Assert.Equal(expected, KernelText.NumberIn(_directory, "file"));
    }

    [Fact]
    public void Read_OfAFileThatIsMissing_IsEmpty()
    {
        using var text = KernelText.Read(_directory, "missing");

        Assert.False(text.Exists);
        Assert.Null(text.Number);
    }

    [Fact]
    public void Read_OfALargeFile_HasAllOfIt()
    {
        Write(string.Concat(Enumerable.Range(0, 20_000).Select(number => $"k{number} {number}\n")));

        using var text = KernelText.Read(_directory, "file");

        Assert.Equal(19_999u, text["k19999"u8]);
    }

    [Fact]
    public void Read_OfAPathThatIsTooLong_IsEmpty()
    {
        using var text = KernelText.Read(new string('x', 5000), "file");

        Assert.False(text.Exists);
    }

    private void Write(string content) => File.WriteAllText(Path.Combine(_directory, "file"), content);
}
