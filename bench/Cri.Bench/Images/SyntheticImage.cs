using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Cri.Bench.Images;

/// <summary>
/// Writes an image of five layers as an OCI layout: many small files, some large ones, half of it text, half of it bytes
/// that compress about as programs do. The same parameters give the same image.
/// </summary>
public sealed class SyntheticImage
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

    // The parts of the files and of the bytes that each layer has.
    private static readonly (double Files, double Bytes)[] _layers = [(0.2, 0.2), (0.4, 0.3), (0.2, 0.25), (0.15, 0.2), (0.05, 0.05)];

    private readonly string _directory;
    private readonly Random _random = new(42);
    private readonly byte[] _text;
    private readonly byte[] _binary;

    private SyntheticImage(string directory)
    {
        _directory = directory;
        _text = Text(8 << 20);
        _binary = Binary(8 << 20);
    }

    /// <summary>Writes the layout; the image's tag in it is <c>latest</c>.</summary>
    public static void Write(string directory, int megabytes, int files)
    {
        Directory.CreateDirectory(Path.Join(directory, "blobs", "sha256"));
        var image = new SyntheticImage(directory);
        var layers = _layers.Select((part, i) => image.Layer(i, (int)(part.Files * files), (long)(part.Bytes * megabytes * 1_000_000))).ToList();
        var diffIds = string.Join(',', layers.Select(layer => $"\"{layer.DiffId}\""));
        var config = image.Document(ConfigType, $$"""
            {"architecture":"{{Architecture}}","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[{{diffIds}}]} }
            """);
        var blobs = string.Join(',', layers.Select(layer => layer.Descriptor));
        var manifest = image.Document(ManifestType, $$"""
            {"schemaVersion":2,"mediaType":"{{ManifestType}}","config":{{config}},"layers":[{{blobs}}]}
            """);
        var named = manifest[..^1] + ""","annotations":{"org.opencontainers.image.ref.name":"latest"}}""";
        File.WriteAllText(Path.Join(directory, "index.json"), $$"""{"schemaVersion":2,"manifests":[{{named}}]}""");
        File.WriteAllText(Path.Join(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
    }

    private static string Architecture => RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private (string Descriptor, string DiffId) Layer(int number, int files, long bytes)
    {
        var path = Path.Join(_directory, $"layer-{number}");
        string diffId;
        using (var file = File.Create(path))
        using (var gzip = new GZipStream(file, CompressionLevel.Optimal))
        using (var plain = SHA256.Create())
        {
            using (var hashed = new CryptoStream(gzip, plain, CryptoStreamMode.Write, leaveOpen: true))
            {
                WriteTar(hashed, number, files, bytes);
            }

            diffId = $"sha256:{Convert.ToHexStringLower(plain.Hash!)}";
        }

        using var written = File.OpenRead(path);
        var descriptor = Descriptor(LayerType, Convert.ToHexStringLower(SHA256.HashData(written)), written.Length);
        File.Move(path, BlobPath(descriptor.Split(':', '"').First(part => part.Length == 64)), overwrite: true);
        return (descriptor, diffId);
    }

    // One file in a hundred is large; those share two thirds of the bytes.
    private void WriteTar(Stream stream, int number, int files, long bytes)
    {
        using var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true);
        var large = Math.Max(files / 100, 1);
        for (var i = 0; i < files; i++)
        {
            var directory = $"layer{number}/d{i / 1000}/e{i / 25}";
            if (i % 25 == 0)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, directory + "/") { Mode = (UnixFileMode)0x1ED });
            }

            var average = i % 100 == 0 ? bytes * 2 / 3 / large : bytes / 3 / files;
            using var content = new MemoryStream(Content((int)(average * (0.25 + (_random.NextDouble() * 1.5)))));
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{directory}/file{i}")
            {
                DataStream = content,
                Mode = (UnixFileMode)(i % 10 == 0 ? 0x1ED : 0x1A4),
                ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000 + i),
            });
        }
    }

    private byte[] Content(int size)
    {
        var source = _random.Next(2) == 0 ? _text : _binary;
        var content = new byte[size];
        for (var done = 0; done < size;)
        {
            var start = _random.Next(source.Length / 2);
            var count = Math.Min(Math.Min(size - done, 64 * 1024), source.Length - start);
            source.AsSpan(start, count).CopyTo(content.AsSpan(done));
            done += count;
        }

        return content;
    }

    private byte[] Text(int size)
    {
        var words = Enumerable.Range(0, 4000).Select(_ => new string([.. Enumerable.Range(0, _random.Next(2, 11)).Select(_ => (char)_random.Next('a', 'z' + 1))])).ToList();
        var text = new StringBuilder(size + 16);
        while (text.Length < size)
        {
            text.Append(words[(int)(words.Count * Math.Pow(_random.NextDouble(), 2))]).Append(_random.Next(12) == 0 ? '\n' : ' ');
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, size));
    }

    private byte[] Binary(int size)
    {
        var words = Enumerable.Range(0, 20_000).Select(_ => Noise(_random.Next(3, 17))).ToList();
        var binary = new byte[size];
        for (var used = 0; used < size;)
        {
            var word = _random.Next(5) == 0 ? Noise(6) : words[(int)(words.Count * Math.Pow(_random.NextDouble(), 3))];
            var count = Math.Min(word.Length, size - used);
            word.AsSpan(0, count).CopyTo(binary.AsSpan(used));
            used += count;
        }

        return binary;
    }

    private byte[] Noise(int size)
    {
        var noise = new byte[size];
        _random.NextBytes(noise);
        return noise;
    }

    private string Document(string mediaType, string json)
    {
        var content = Encoding.UTF8.GetBytes(json);
        var hex = Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(BlobPath(hex), content);
        return Descriptor(mediaType, hex, content.Length);
    }

    private string BlobPath(string hex) => Path.Join(_directory, "blobs", "sha256", hex);

    private static string Descriptor(string mediaType, string hex, long size) =>
        $$"""{"mediaType":"{{mediaType}}","digest":"sha256:{{hex}}","size":{{size}}}""";
}
