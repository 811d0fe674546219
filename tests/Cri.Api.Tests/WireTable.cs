namespace Cri.Api.Tests;

/// <summary>The wire facts of CRI v1.36, one line each: kind, owner, name, number or request, type or response, note.</summary>
internal static class WireTable
{
    private static readonly Lazy<IReadOnlyList<string[]>> _rows = new(Read);

    /// <summary>The facts of one kind, written as <see cref="DescriptorFacts"/> writes them.</summary>
    public static IEnumerable<string> Facts(string kind) =>
        _rows.Value.Where(row => row[0] == kind).Select(row => string.Join(' ', row.Skip(1).Take(4)).TrimEnd());

    /// <summary>The streams of every RPC.</summary>
    public static IEnumerable<string> Streams() => _rows.Value.Where(row => row[0] == "rpc").Select(row => $"{row[1]} {row[2]} {row[5]}");

    /// <summary>The fields that must not be logged.</summary>
    public static IEnumerable<string> Redacted() =>
        _rows.Value.Where(row => row[5] == "redact in logs").Select(row => $"{row[1]} {row[2]}");

    /// <summary>The names of all messages, with fields or without.</summary>
    public static IEnumerable<string> Messages() => _rows.Value.Where(row => row[0] is "message" or "field").Select(row => row[1]).Distinct();

    private static IReadOnlyList<string[]> Read()
    {
        using var stream = typeof(WireTable).Assembly.GetManifestResourceStream("cri-v1.36.tsv")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split('\t'))];
    }
}
