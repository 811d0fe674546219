using System.Security.Cryptography;
using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>
/// A file tree in words, one line an entry in the order of names: kind, mode, owner, time, size, content, attributes, and of
/// hard links the first of their names. Names are bytes, one character each.
/// </summary>
public static class FileTreeListing
{
    private static readonly long _start = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600;

    public static IReadOnlyList<string> Of(string path)
    {
        List<string> lines = [];
        using var tree = FileTree.Open(path);
        Add(tree.Root, ".", lines, Describe(tree.Root, "."u8, FileStatus.Of(tree.Root)), []);
        return lines;
    }

    private static void Add(Fd directory, string path, List<string> lines, string description, Dictionary<(ulong, ulong), string> links)
    {
        lines.Add($"{path} {description}");
        using var listed = FileTree.OpenDirectory(directory, "."u8);
        foreach (var name in DirectoryEntries.Read(listed).Select(Encoding.Latin1.GetString).Order(StringComparer.Ordinal).ToList())
        {
            var (bytes, full) = (Encoding.Latin1.GetBytes(name), $"{path}/{name}");
            var status = FileStatus.Of(directory, bytes)!;
            if (status.Kind == FileKind.Directory)
            {
                using var below = FileTree.OpenDirectory(directory, bytes);
                Add(below, full, lines, Describe(directory, bytes, status), links);
                continue;
            }

            var first = links.GetValueOrDefault((status.Device, status.Inode), full);
            links[(status.Device, status.Inode)] = first;
            lines.Add($"{full} {Describe(directory, bytes, status)}{(first == full ? "" : $" same as {first}")}");
        }
    }

    private static string Describe(Fd parent, ReadOnlySpan<byte> name, FileStatus status)
    {
        var attributes = new List<string>();
        foreach (var key in Xattrs.List(parent, name).Where(key => !key.StartsWith("trusted.overlay.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            attributes.Add($"{key}={Convert.ToHexStringLower(Xattrs.Get(parent, name, key) ?? [])}");
        }

        var what = status.Kind switch
        {
            FileKind.Regular => $"{status.Size} {Content(parent, name)}",
            FileKind.SymbolicLink => $"-> {Encoding.Latin1.GetString(FileTree.ReadSymbolicLink(parent, name))}",
            FileKind.CharacterDevice or FileKind.BlockDevice => $"{status.SpecialDevice:x}",
            _ => "",
        };
        return $"{status.Kind} {Convert.ToString(status.Permissions, 8)} {status.UserId}:{status.GroupId} "
            + $"{Time(status)} {what} [{string.Join(' ', attributes)}]";
    }

    // No archive of a test says that a directory is of the last minutes, or of 1970: that comes from unpacking.
    private static string Time(FileStatus status) =>
        status.Kind == FileKind.Directory && (status.Modified.Seconds >= _start || status.Modified == default)
        ? "unsaid"
        : $"{status.Modified.Seconds}.{status.Modified.Nanoseconds:d9}";

    private static string Content(Fd parent, ReadOnlySpan<byte> name)
    {
        using var tree = FileTree.Open($"/proc/self/fd/{parent.Number}");
        using var file = tree.OpenFile(name);
        using var content = File.OpenRead($"/proc/self/fd/{file.Number}");
        return Convert.ToHexStringLower(SHA256.HashData(content))[..16];
    }
}
