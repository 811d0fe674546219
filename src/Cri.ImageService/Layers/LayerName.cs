using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>Short directory names for layers: the start of the diff id in base 32, longer only where two would collide.</summary>
internal static class LayerName
{
    private const int ShortestLength = 7;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>True for what could be such a name.</summary>
    internal static bool IsValid(string name) => name.Length >= ShortestLength && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    /// <summary>The shortest name for <paramref name="diffId"/> that <paramref name="taken"/> does not hold.</summary>
    internal static string Choose(Digest diffId, IReadOnlySet<string> taken)
    {
        var letters = Encode(diffId.Hex);
        for (var length = ShortestLength; length <= letters.Length; length++)
        {
            if (!taken.Contains(letters[..length]))
            {
                return letters[..length];
            }
        }

        // The same diff id again while its predecessor is still being removed from disk, many times over.
        return letters[..ShortestLength] + Guid.NewGuid().ToString("n")[..ShortestLength];
    }

    private static string Encode(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        return string.Create(bytes.Length * 8 / 5, bytes, static (letters, source) =>
        {
            for (var i = 0; i < letters.Length; i++)
            {
                var (index, shift) = Math.DivRem(i * 5, 8);
                var pair = (source[index] << 8) | (index + 1 < source.Length ? source[index + 1] : 0);
                letters[i] = Alphabet[(pair >> (11 - shift)) & 31];
            }
        });
    }
}
