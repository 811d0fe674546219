using System.Globalization;

namespace Cri.Cli.Streaming;

/// <summary>A port of this machine that leads to one of a pod.</summary>
/// <param name="Local">1 to 65535, or 0 for any free one.</param>
/// <param name="Remote">1 to 65535.</param>
internal sealed record ForwardedPort(int Local, int Remote)
{
    /// <summary>Reads <c>REMOTE</c>, which is the local port too, <c>LOCAL:REMOTE</c>, or <c>:REMOTE</c> for any free local port.</summary>
    /// <exception cref="CommandFailure">It is none of these.</exception>
    public static ForwardedPort Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return (Number(text[(colon + 1)..]), colon < 0 ? Number(text) : colon == 0 ? 0 : Number(text[..colon])) switch
        {
            ( > 0 and var remote, { } local) => new ForwardedPort(local, remote),
            _ => throw CommandFailure.OfUsage(text, "expected [LOCAL:]REMOTE, ports from 1 to 65535"),
        };
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= ushort.MaxValue ? number : null;
}
