using Cri.Linux;

namespace Cri.RuntimeService.Spec;

/// <summary>
/// Reads small files of an image without mounting it: the layers are looked through as overlayfs would merge them, with
/// whiteouts, opaque directories and symbolic links, and nothing outside the layers is ever opened.
/// </summary>
/// <param name="layers">The extracted layers, the bottom one first.</param>
public sealed class ImageFiles(IReadOnlyList<string> layers)
{
    private const int MostLinks = 40;
    private const long LargestFile = 4 << 20;

    /// <summary>The text of a regular file; null when the image has none there or it is larger than 4 MiB.</summary>
    public string? ReadText(string path)
    {
        var pending = new Stack<string>(Enumerable.Reverse(path.Split('/', StringSplitOptions.RemoveEmptyEntries)));
        var resolved = new List<string>();
        var directories = layers.Reverse().ToList();
        for (var links = 0; pending.Count > 0;)
        {
            var name = pending.Pop();
            if (name is "." or "..")
            {
                (resolved, directories) = name == ".." ? Reopen(resolved.SkipLast(1)) : (resolved, directories);
                continue;
            }

            switch (Look(directories, name))
            {
                case { LinkTarget: { } target } when ++links <= MostLinks:
                    Push(pending, target);
                    (resolved, directories) = target.StartsWith('/') ? Reopen([]) : (resolved, directories);
                    break;
                case { File: { } file } when pending.Count == 0:
                    return new FileInfo(file).Length <= LargestFile ? File.ReadAllText(file) : null;
                case { Directories: { } inner }:
                    resolved.Add(name);
                    directories = inner;
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    /// <summary>True when the image has a symbolic link of this name at its top.</summary>
    public bool IsLink(string name) => Look([.. layers.Reverse()], name).LinkTarget is not null;

    private static void Push(Stack<string> pending, string target)
    {
        foreach (var part in Enumerable.Reverse(target.Split('/', StringSplitOptions.RemoveEmptyEntries)))
        {
            pending.Push(part);
        }
    }

    private (List<string> Resolved, List<string> Directories) Reopen(IEnumerable<string> names)
    {
        var resolved = names.ToList();
        var directories = layers.Reverse().ToList();
        foreach (var name in resolved)
        {
            directories = Look(directories, name).Directories ?? [];
        }

        return (resolved, directories);
    }

    // The entry of this name in directories that overlay each other, the top one first.
    private static Entry Look(List<string> directories, string name)
    {
        var merged = new List<string>();
        foreach (var directory in directories)
        {
            var path = Path.Combine(directory, name);
            switch (FileStatus.Of(path)?.Kind)
            {
                case FileKind.Directory:
                    merged.Add(path);
                    if (IsOpaque(path))
                    {
                        return new Entry(Directories: merged);
                    }

                    break;
                case null:
                    break;
                case not null when merged.Count > 0:
                    return new Entry(Directories: merged);
                case FileKind.SymbolicLink:
                    return new Entry(LinkTarget: new FileInfo(path).LinkTarget);
                case FileKind.Regular:
                    return new Entry(File: path);
                default:
                    return new Entry(); // a whiteout, or something that is not a file
            }
        }

        return merged.Count > 0 ? new Entry(Directories: merged) : new Entry();
    }

    // overlayfs hides what lies below a directory with this attribute in lower layers.
    private static bool IsOpaque(string directory) => Xattrs.Get(directory, "trusted.overlay.opaque") is [(byte)'y', ..];

    private readonly record struct Entry(string? File = null, string? LinkTarget = null, List<string>? Directories = null);
}
