using System.Text;

namespace Cri.ImageService.Auth;

/// <summary>One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1): a scheme and its parameters.</summary>
/// <param name="Scheme">In lower case: <c>basic</c> or <c>bearer</c>.</param>
/// <param name="Parameters">By lower-case name.</param>
internal sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    internal string? Parameter(string name) => Parameters.GetValueOrDefault(name);

    /// <summary>All challenges of one header value. What is malformed is passed over.</summary>
    internal static IReadOnlyList<AuthChallenge> ParseAll(string header)
    {
        List<AuthChallenge> challenges = [];
        for (var rest = header.AsSpan().TrimStart(" \t,"); !rest.IsEmpty; rest = rest.TrimStart(" \t,"))
        {
            if (TakeToken(ref rest) is { Length: > 0 } scheme)
            {
                challenges.Add(new AuthChallenge(scheme.ToLowerInvariant(), TakeParameters(ref rest)));
            }
            else
            {
                rest = rest[1..];
            }
        }

        return challenges;
    }

    private static Dictionary<string, string> TakeParameters(ref ReadOnlySpan<char> rest)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            // "name=value" belongs to this challenge; a bare token begins the next one.
            var ahead = rest.TrimStart(" \t,");
            var name = TakeToken(ref ahead);
            ahead = ahead.TrimStart(" \t");
            if (name.Length == 0 || ahead is not ['=', ..])
            {
                return parameters;
            }

            ahead = ahead[1..].TrimStart(" \t");
            parameters[name] = ahead is ['"', ..] ? TakeQuoted(ref ahead) : TakeToken(ref ahead);
            rest = ahead;
        }
    }

    private static string TakeToken(ref ReadOnlySpan<char> rest)
    {
        var end = 0;
        while (end < rest.Length && (char.IsAsciiLetterOrDigit(rest[end]) || "!#$%&'*+-.^_`|~/:?".Contains(rest[end])))
        {
            end++;
        }

        var token = rest[..end].ToString();
        rest = rest[end..];
        return token;
    }

    private static string TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        var value = new StringBuilder();
        var i = 1;
        for (; i < rest.Length && rest[i] != '"'; i++)
        {
            if (rest[i] == '\\' && i + 1 < rest.Length)
            {
                i++;
            }

            value.Append(rest[i]);
        }

        rest = rest[Math.Min(i + 1, rest.Length)..];
        return value.ToString();
    }
}
