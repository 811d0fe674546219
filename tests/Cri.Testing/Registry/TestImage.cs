using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cri.Testing.Registry;

/// <summary>A file of a test image's layer.</summary>
/// <param name="Path">Relative to the root, without a leading slash.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Mode">Its permission bits.</param>
/// <param name="Uid">Its owner.</param>
public sealed record TestFile(string Path, byte[] Content, UnixFileMode Mode, int Uid = 0)
{
    /// <summary>A text file, mode 0644.</summary>
    public static TestFile Text(string path, string content) => new(path, Encoding.UTF8.GetBytes(content), (UnixFileMode)0b110_100_100);

    /// <summary>The target of a symbolic link; null for a regular file.</summary>
    public string? LinkTarget { get; init; }

    /// <summary>A symbolic link.</summary>
    public static TestFile Link(string path, string target) => Text(path, "") with { LinkTarget = target };

    /// <summary>A shell script, mode 0755.</summary>
    public static TestFile Script(string path, string content) =>
        new(path, Encoding.UTF8.GetBytes("#!/bin/sh\n" + content), (UnixFileMode)0b111_101_101);
}

/// <summary>An image made of Debian's static busybox and a few files more, or of one layer that a test made; the same description gives the same digests.</summary>
public sealed record TestImage
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;
    private static readonly Lazy<byte[]> _busyboxLayer = new(BusyboxLayer);

    /// <summary>Repository and tag, such as <c>busybox:latest</c>.</summary>
    public required string Name { get; init; }

    /// <summary>User of the image configuration.</summary>
    public string? User { get; init; }

    /// <summary>Entrypoint of the image configuration.</summary>
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Cmd of the image configuration.</summary>
    public IReadOnlyList<string>? Cmd { get; init; } = ["sh"];

    /// <summary>Env of the image configuration.</summary>
    public IReadOnlyList<string> Env { get; init; } = ["PATH=/bin:/usr/bin"];

    /// <summary>WorkingDir of the image configuration.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>StopSignal of the image configuration.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Volumes of the image configuration.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];

    /// <summary>Files in a second layer.</summary>
    public IReadOnlyList<TestFile> Files { get; init; } = [];

    /// <summary>A tar that is the only layer, in place of busybox; null for none.</summary>
    public byte[]? OnlyLayer { get; init; }

    /// <summary>The layers as gzipped tars with the digest of the tar itself, bottom first.</summary>
    internal IEnumerable<(byte[] Blob, string DiffId)> Layers()
    {
        var busybox = OnlyLayer ?? _busyboxLayer.Value;
        yield return (Gzip(busybox), Digest(busybox));
        if (Files.Count > 0)
        {
            var files = Tar(writer => AddFiles(writer));
            yield return (Gzip(files), Digest(files));
        }
    }

    /// <summary>The image configuration.</summary>
    internal byte[] Configuration(IEnumerable<string> diffIds)
    {
        var config = new JsonObject { [nameof(Env)] = Array(Env) };
        Set(config, nameof(User), User);
        Set(config, nameof(WorkingDir), WorkingDir);
        Set(config, nameof(StopSignal), StopSignal);
        Set(config, nameof(Entrypoint), Entrypoint is null ? null : Array(Entrypoint));
        Set(config, nameof(Cmd), Cmd is null ? null : Array(Cmd));
        if (Volumes.Count > 0)
        {
            config[nameof(Volumes)] = new JsonObject(Volumes.Select(v => KeyValuePair.Create<string, JsonNode?>(v, new JsonObject())));
        }

        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["architecture"] = OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.OSArchitecture
                is System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["config"] = config,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = Array(diffIds) },
        });
    }

    /// <summary>A sha256 digest in its usual form.</summary>
    internal static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private static byte[] BusyboxLayer() => Tar(writer =>
    {
        foreach (var directory in new[] { "bin", "etc", "root", "home", "usr", "usr/bin", "proc", "sys", "dev", "tmp", "var" })
        {
            AddDirectory(writer, directory, directory == "tmp" ? Executable | (UnixFileMode)0b001_000_010_010 : Executable);
        }

        Add(writer, new TestFile("bin/busybox", File.ReadAllBytes("/bin/busybox"), Executable));
        foreach (var applet in Applets())
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet)
            {
                LinkName = "busybox",
                Mode = Executable,
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        Add(writer, TestFile.Text("etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"));
        Add(writer, TestFile.Text("etc/group", "root:x:0:\nweb:x:33:\nextra:x:4242:web\nnogroup:x:65534:\n"));
    });

    private static string[] Applets()
    {
        using var list = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/bin/busybox", "--list") { RedirectStandardOutput = true })!;
        var names = list.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        list.WaitForExit();
        return [.. names.Where(name => name != "busybox")];
    }

    private void AddFiles(TarWriter writer)
    {
        foreach (var file in Files)
        {
            Add(writer, file);
        }
    }

    private static void Add(TarWriter writer, TestFile file) => writer.WriteEntry(file.LinkTarget is { } target
        ? new PaxTarEntry(TarEntryType.SymbolicLink, file.Path) { LinkName = target, ModificationTime = DateTimeOffset.UnixEpoch }
        : new PaxTarEntry(TarEntryType.RegularFile, file.Path)
        {
            DataStream = new MemoryStream(file.Content),
            Mode = file.Mode,
            Uid = file.Uid,
            ModificationTime = DateTimeOffset.UnixEpoch,
        });

    private static void AddDirectory(TarWriter writer, string path, UnixFileMode mode) =>
        writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, path + "/") { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch });

    private static byte[] Tar(Action<TarWriter> fill)
    {
        var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, leaveOpen: true))
        {
            fill(writer);
        }

        return bytes.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return bytes.ToArray();
    }

    private static void Set(JsonObject target, string name, JsonNode? value)
    {
        if (value is not null)
        {
            target[name] = value;
        }
    }

    private static JsonArray Array(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];
}
