using System.IO.Compression;
using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Layers.Recipes;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Testing.Fuzz;

namespace Cri.ImageService.Tests.Fuzz;

/// <summary>Archives that strangers make: extraction stays inside its directory, and either works or says what is wrong.</summary>
public sealed class TarFuzzTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static IReadOnlyList<byte[]> Words { get; } =
    [
        .. FuzzRun.Texts(
            "../", "/", "..", "./", "//", ".wh.", ".wh..wh..opq", ".wh..wh.plnk", "evil/", "/etc/passwd", "../../../../tmp/crisp-fuzz", "\0", "\n",
            "30 mtime=-9223372036854775808\n", "20 path=../../escape\n", "12 size=-1\n", "18 GNU.sparse.x=1\n"),
        RawTar.Entry("evil", '2', ""), RawTar.Header("evil", '2', (157, "/tmp")), RawTar.Header("evil", '2', (157, "../..")),
        RawTar.Header("hard", '1', (157, "../../sentinel/file")), RawTar.Header("hard", '1', (157, "evil/sentinel")), RawTar.Entry("evil/sentinel", '0', "escaped"),
        RawTar.Entry("dir/", '5', ""), RawTar.Entry("dir", '0', "x"), RawTar.Entry("dir/.wh..wh..opq", '0', ""), RawTar.Header("zero", '3'), RawTar.End,
    ];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Extract_AnyArchive_StaysInsideAndWorksOrIsRefused()
    {
        File.WriteAllText(Directory.CreateDirectory(_directory.Join("sentinel")).FullName + "/file", "untouched");
        var sentinel = FileTreeListing.Of(_directory.Join("sentinel"));
        FuzzRun.Run(800, Archives, input =>
        {
            var layer = _directory.Join("layer");
            Directory.CreateDirectory(Path.Join(layer, "fs"));
            try
            {
                if (TryExtract(input, layer))
                {
                    AssertRecipe(input, layer);
                }

                Assert.Equal(["layer", "sentinel"], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName).Order());
                Assert.Empty(Directory.EnumerateFileSystemEntries(layer).Select(Path.GetFileName).Except(["fs", "recipe", "replaced"]));
                Assert.Equal(sentinel, FileTreeListing.Of(_directory.Join("sentinel")));
            }
            finally
            {
                FileTree.Remove(layer);
            }
        });
        Assert.False(File.Exists("/tmp/crisp-fuzz"));
    }

    // Where the others recover from damage by guessing, an archive is refused here; where both read it, it has to be the same.
    [Theory]
    [InlineData("tar", "--xattrs", "--xattrs-include=*", "--warning=no-timestamp")]
    [InlineData("bsdtar")]
    public void Extract_ArchiveThatAnotherProgramReadsToo_IsTheSameTree(string program, params string[] options)
    {
        var (ours, theirs, archive) = (_directory.Join("ours"), _directory.Join("theirs"), _directory.Join("archive"));
        FuzzRun.Run(100, random => HonestArchives(random), input =>
        {
            Directory.CreateDirectory(Path.Join(ours, "fs"));
            Directory.CreateDirectory(theirs);
            try
            {
                File.WriteAllBytes(archive, input);
                if (TryExtract(input, ours) && Succeeds(program, [.. options, "-xpf", archive, "-C", theirs, "--numeric-owner"]))
                {
                    Assert.Equal(Comparable(theirs), Comparable(Path.Join(ours, "fs")));
                }
            }
            finally
            {
                FileTree.Remove(ours);
                FileTree.Remove(theirs);
            }
        });
    }

    [Fact]
    public void Decompress_AnyBytes_WorksOrIsRefused()
    {
        using var gzip = new MemoryStream();
        using (var stream = new GZipStream(gzip, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"))));
        }

        var zstd = new TestImage().Layer(RawTar.End, "zstd");
        FuzzRun.Run(5000, [gzip.ToArray(), .. zstd.Blobs.Values], [[0x1F, 0x8B, 8, 0], [0x28, 0xB5, 0x2F, 0xFD], [0x50, 0x2A, 0x4D, 0x18]], input =>
        {
            try
            {
                using var plain = LayerCompression.Open(new MemoryStream(input), input.AsSpan(0, Math.Min(input.Length, LayerCompression.MagicLength)));
                var buffer = new byte[4096];
                for (var total = 0; total < 1 << 20;)
                {
                    var count = plain.Read(buffer);
                    if (count == 0)
                    {
                        break;
                    }

                    total += count;
                }
            }
            catch (Exception error) when (error is InvalidDataException or LayerFormatException)
            {
            }
        });
    }

    private static Func<byte[]> Archives(Random random)
    {
        var mutator = new Mutator(random, [Everything(), Sparse(), GnuTar("pax"), GnuTar("gnu")], Words);
        return () => random.Next(10) == 0 ? mutator.Next() : Signed(mutator.Next());
    }

    // Without whiteouts, which mean nothing to other programs.
    private static Func<byte[]> HonestArchives(Random random)
    {
        var mutator = new Mutator(random, [GnuTar("pax"), GnuTar("gnu"), GnuTar("v7"), GnuTar("ustar")], []);
        return () => Signed(mutator.Next());
    }

    // A wrong checksum would end most cases at their first entry.
    private static byte[] Signed(byte[] archive) => WithHeaders(archive, _ => { });

    // .NET names extended headers after the process that writes them, and the cases must be the same in each run.
    private static byte[] Nameless(byte[] archive) => WithHeaders(archive, header =>
    {
        if (header[156] == 'x')
        {
            header.AsSpan(0, 100).Clear();
        }
    });

    // Each header as it was changed, with the checksum that it then has.
    private static byte[] WithHeaders(byte[] archive, Action<byte[]> change)
    {
        for (var offset = 0; offset + 512 <= archive.Length; offset += 512)
        {
            var block = archive.AsSpan(offset, 512).ToArray();
            if (block.AsSpan(257, 5).SequenceEqual("ustar"u8))
            {
                change(block);
                RawTar.Sign(block);
                block.CopyTo(archive, offset);
            }
        }

        return archive;
    }

    private static byte[] Everything() =>
    [
        .. Nameless(new LayerTar().Directory("dir/").File("dir/file", "content", 0x9ED, 5, 6, new() { ["user.a"] = "b" }).Symlink("dir/link", "file").HardLink("hard", "dir/file")
            .Fifo("fifo").CharacterDevice("null", 1, 3).File("dir/.wh.gone").File("dir/.wh..wh..opq").File("implied/x").Directory("dir/").ToArray()[..^1024]),
        .. RawTar.Entry("././@LongLink", 'L', new string('n', 150) + "\0"), .. RawTar.Entry("cut", '0', "x"),
        .. RawTar.Entry("././@LongLink", 'K', new string('t', 150) + "\0"), .. RawTar.Entry("far", '2', ""),
        .. RawTar.End,
    ];

    private static byte[] Sparse() =>
    [
        .. RawTar.Pax(
            RawTar.PaxRecord("GNU.sparse.major", "1"u8.ToArray()), RawTar.PaxRecord("GNU.sparse.minor", "0"u8.ToArray()),
            RawTar.PaxRecord("GNU.sparse.name", "sparse"u8.ToArray()), RawTar.PaxRecord("GNU.sparse.realsize", "5000"u8.ToArray())),
        .. RawTar.Entry("GNUSparseFile.0/sparse", '0', Encoding.ASCII.GetString([.. "2\n0\n4\n4000\n4\n"u8, .. new byte[499], .. "headtail"u8])),
        .. RawTar.Pax(
            RawTar.PaxRecord("GNU.sparse.size", "300"u8.ToArray()), RawTar.PaxRecord("GNU.sparse.numblocks", "1"u8.ToArray()),
            RawTar.PaxRecord("GNU.sparse.map", "100,4"u8.ToArray()), RawTar.PaxRecord("mtime", "12345.678"u8.ToArray())),
        .. RawTar.Entry("older", '0', "data"),
        .. RawTar.End,
    ];

    private static byte[] GnuTar(string format)
    {
        using var source = new TemporaryDirectory();
        Directory.CreateDirectory(source.Join("d", "e"));
        File.WriteAllText(source.Join("d", "f"), "content of a file");
        File.WriteAllText(source.Join("d", "e", new string('l', 60)), new string('x', 1000));
        Command.Run("ln", source.Join("d", "f"), source.Join("hard"));
        Command.Run("ln", "-s", "d/f", source.Join("soft"));
        Command.Run("find", source.Path, "-exec", "touch", "-h", "-d", "@1500000000", "{}", "+");
        string[] timeless = format == "pax" ? ["--pax-option=delete=atime,delete=ctime"] : [];
        Command.Run("tar", ["-C", source.Path, $"--format={format}", "--sort=name", .. timeless, "-cf", source.Path + ".tar", "d", "hard", "soft"]);
        var archive = File.ReadAllBytes(source.Path + ".tar");
        File.Delete(source.Path + ".tar");
        return archive;
    }

    private static bool TryExtract(byte[] archive, string layer)
    {
        try
        {
            using var recipe = RecipeWriter.Create(layer);
            LayerExtractor.Extract(new MemoryStream(archive), Path.Join(layer, "fs"), recipe);
            return true;
        }
        catch (LayerFormatException error)
        {
            Assert.NotEmpty(error.Message);
            return false;
        }
    }

    private static void AssertRecipe(byte[] archive, string layer)
    {
        using var again = LayerArchive.Open(layer);
        using var content = new MemoryStream();
        again.CopyTo(content);
        Assert.True(archive.AsSpan().SequenceEqual(content.ToArray()), "the archive made again differs");
    }

    private static bool Succeeds(string program, string[] arguments)
    {
        try
        {
            Command.Run(program, arguments);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // Directories that an archive does not list have the time and mode that the program likes; so has the top.
    private static string Comparable(string path) => string.Join('\n', FileTreeListing.Of(path).Skip(1).Where(line => !line.Contains(" Directory ")));
}
