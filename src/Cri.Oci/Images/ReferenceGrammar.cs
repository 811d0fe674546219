using System.Net;
using System.Net.Sockets;

namespace Cri.Oci.Images;

/// <summary>The grammar of image references (Docker distribution's reference package), each rule with its own words.</summary>
internal static class ReferenceGrammar
{
    private const int TagMax = 128;

    /// <summary>Docker's rule: the part before the first slash is a host when it has a dot or a colon, an upper-case letter, or is localhost.</summary>
    internal static bool LooksLikeHost(string part) =>
        part == "localhost" || part.AsSpan().ContainsAny(".:") || part.Any(char.IsAsciiLetterUpper);

    /// <summary>Docker refuses 64 hex digits as a name, because they could be an image id.</summary>
    internal static bool IsBareHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    internal static void CheckHost(string host)
    {
        var (name, port) = SplitPort(host);
        if (port is not null && (port.Length == 0 || !port.All(char.IsAsciiDigit) || !ushort.TryParse(port, out _)))
        {
            throw new FormatException($"host \"{host}\" has a bad port");
        }

        if (name.StartsWith('['))
        {
            CheckAddress(host, name);
            return;
        }

        foreach (var label in name.Split('.'))
        {
            if (label.Length == 0 || label[0] == '-' || label[^1] == '-' || !label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            {
                throw new FormatException($"host \"{host}\" is not a host name");
            }
        }
    }

    internal static void CheckRepository(string repository)
    {
        if (repository.Length == 0)
        {
            throw new FormatException("the repository name is empty");
        }

        if (repository.Any(char.IsAsciiLetterUpper))
        {
            throw new FormatException($"repository name \"{repository}\" must be lower case");
        }

        foreach (var component in repository.Split('/'))
        {
            if (!IsComponent(component))
            {
                throw new FormatException($"repository name \"{repository}\": \"{component}\" is not a valid component");
            }
        }
    }

    internal static void CheckTag(string tag)
    {
        var valid = tag.Length is > 0 and <= TagMax && tag[0] is not ('.' or '-')
            && tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');
        if (!valid)
        {
            throw new FormatException($"tag \"{tag}\" is not valid");
        }
    }

    // alnum+ joined by ".", "_", "__" or any number of "-".
    private static bool IsComponent(string component)
    {
        var index = 0;
        while (true)
        {
            var start = index;
            index = Skip(component, index, char.IsAsciiLetterOrDigit);
            if (index == start)
            {
                return false;
            }

            if (index == component.Length)
            {
                return true;
            }

            start = index;
            index = Skip(component, index, c => c is '.' or '_' or '-');
            var separator = component.AsSpan(start, index - start);
            if (separator is not ("." or "_" or "__") && separator.ContainsAnyExcept('-'))
            {
                return false;
            }
        }
    }

    private static int Skip(string text, int index, Func<char, bool> matches)
    {
        while (index < text.Length && matches(text[index]))
        {
            index++;
        }

        return index;
    }

    private static (string Name, string? Port) SplitPort(string host)
    {
        var close = host.IndexOf(']');
        if (host.StartsWith('[') && close < 0)
        {
            return (host, null);
        }

        var colon = host.IndexOf(':', Math.Max(close, 0));
        return colon < 0 ? (host, null) : (host[..colon], host[(colon + 1)..]);
    }

    private static void CheckAddress(string host, string name)
    {
        // No zone: it names an interface of one machine, and distribution's grammar has none either.
        var address = name.EndsWith(']') ? name[1..^1] : "";
        if (address.Contains('%') || !IPAddress.TryParse(address, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            throw new FormatException($"host \"{host}\" is not an IPv6 address in brackets");
        }
    }
}
