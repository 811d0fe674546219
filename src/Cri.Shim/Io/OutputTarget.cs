using Cri.Ttrpc;

namespace Cri.Shim.Io;

/// <summary>What kind of thing takes a process's output.</summary>
internal enum OutputKind
{
    /// <summary>Nothing: /dev/null.</summary>
    None,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>
    /// A named pipe whose reader is there already: without a terminal the process writes to it itself, and its reader's end is
    /// the end of the pipe.
    /// </summary>
    Pipe,

    /// <summary>A file, appended to as it comes.</summary>
    File,

    /// <summary>A program that reads the output.</summary>
    Binary,

    /// <summary>A log in the CRI's format.</summary>
    CriLog,
}

/// <summary>A stdout or stderr value taken apart.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Path">The absolute path.</param>
/// <param name="Arguments">For a program: its arguments, keys and values in turn.</param>
internal sealed record OutputTarget(OutputKind Kind, string Path, IReadOnlyList<string> Arguments)
{
    private const string Separator = "://";

    /// <summary>Takes a value apart. Throws INVALID_ARGUMENT for a scheme that is unknown or a path that is not absolute.</summary>
    public static OutputTarget Parse(string value)
    {
        if (value.Length == 0)
        {
            return new OutputTarget(OutputKind.None, value, []);
        }

        var separator = value.IndexOf(Separator, StringComparison.Ordinal);
        var scheme = separator < 0 ? "fifo" : value[..separator];
        var rest = separator < 0 ? value : value[(separator + Separator.Length)..];
        var kind = scheme switch
        {
            "fifo" => OutputKind.Fifo,
            "pipe" => OutputKind.Pipe,
            "file" => OutputKind.File,
            "binary" => OutputKind.Binary,
            "cri" => OutputKind.CriLog,
            _ => throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"output {value}: unknown scheme {scheme}"),
        };
        var query = kind == OutputKind.Binary ? rest.IndexOf('?', StringComparison.Ordinal) : -1;
        var path = query < 0 ? rest : rest[..query];
        return path.StartsWith('/')
            ? new OutputTarget(kind, path, query < 0 ? [] : ParseQuery(rest[(query + 1)..]))
            : throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"output {value}: the path must be absolute");
    }

    private static string[] ParseQuery(string query) =>
    [
        .. query.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(pair => pair.Split('=', 2))
            .Select(part => Uri.UnescapeDataString(part.Replace('+', ' ')))
            .Where(part => part.Length > 0),
    ];
}
