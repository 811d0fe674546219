using System.Security.Cryptography;
using Cri.ImageService.Tests.Fixtures;

namespace Cri.PowerCuts;

/// <summary>An image of the test and what its layers' trees hold: the same files in every process, though not the same archives.</summary>
public sealed class CutImage
{
    private CutImage(string repository, params IReadOnlyDictionary<string, byte[]>[] layers)
    {
        Repository = repository;
        Layers = layers;
        Image = new TestImage();
        foreach (var files in layers)
        {
            var tar = new LayerTar();
            foreach (var directory in files.Keys.Select(Path.GetDirectoryName).Distinct().Order(StringComparer.Ordinal))
            {
                tar.Directory($"{directory}/");
            }

            foreach (var (path, content) in files)
            {
                tar.File(path, content);
            }

            Image.Layer(tar);
        }

        Image.Finish();
    }

    /// <summary>Small ones that share layers, and one that takes a while.</summary>
    public static IReadOnlyList<CutImage> All { get; } = Make();

    public string Repository { get; }

    public TestImage Image { get; }

    /// <summary>The files of each layer, bottom first.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, byte[]>> Layers { get; }

    private static IReadOnlyList<CutImage> Make()
    {
        var common = Files(1, 30, 8_000);
        var runtime = Files(2, 15, 40_000);
        return
        [
            new("one", common, runtime, Files(11, 5, 3_000)),
            new("two", common, runtime, Files(12, 8, 1_000)),
            new("three", common, Files(13, 20, 20_000)),
            new("four", Files(14, 50, 5_000)),
            new("five", common, Files(15, 1, 200_000), Files(16, 3, 10)),
            new("large", common, Files(17, 400, 4_000), Files(18, 20, 300_000)),
        ];
    }

    private static Dictionary<string, byte[]> Files(int seed, int count, int size)
    {
        var random = new Random(seed);
        var files = new Dictionary<string, byte[]>();
        for (var i = 0; i < count; i++)
        {
            // Half of each file can be compressed.
            var content = new byte[random.Next(1, size)];
            random.NextBytes(content.AsSpan(0, content.Length / 2));
            files.Add($"d{seed}-{i % 7}/f{i}", content);
        }

        return files;
    }

    /// <summary>Compares a layer's tree with what the image holds, every byte; says what differs, or null.</summary>
    public string? FindWrongByte(int layer, string tree)
    {
        var expected = Layers[layer];
        var actual = Directory.EnumerateFiles(tree, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(tree, path));
        if (!expected.Keys.ToHashSet().SetEquals(actual.Keys))
        {
            return $"it has {actual.Count} files, not {expected.Count}";
        }

        return expected.Keys.FirstOrDefault(path => !SHA256.HashData(File.ReadAllBytes(actual[path])).AsSpan().SequenceEqual(SHA256.HashData(expected[path])));
    }
}
