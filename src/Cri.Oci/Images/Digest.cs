using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>
/// A content digest, <c>algorithm:hex</c>, as the image specification's descriptor.md defines it.
/// sha256 and sha512 are known, with lower-case hex of the exact length; anything else is malformed.
/// </summary>
[JsonConverter(typeof(DigestConverter))]
public sealed record Digest
{
    private const string Sha256Name = "sha256";
    private const string Sha512Name = "sha512";

    private Digest(string algorithm, string hex)
    {
        Algorithm = algorithm;
        Hex = hex;
    }

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The hash in lower-case hex: 64 or 128 characters.</summary>
    public string Hex { get; }

    /// <summary>Parses a digest.</summary>
    /// <exception cref="FormatException">It is not one; the message says why.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest, out var error) ? digest : throw new FormatException(error);

    /// <summary>Parses a digest; false when it is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Digest? digest) =>
        TryParse(text, out digest, out _);

    /// <summary>The sha256 digest of <paramref name="content"/>.</summary>
    public static Digest OfSha256(ReadOnlySpan<byte> content) => new(Sha256Name, Convert.ToHexStringLower(SHA256.HashData(content)));

    /// <summary>The digest of <paramref name="content"/> by the algorithm of this one.</summary>
    public Digest OfSame(ReadOnlySpan<byte> content)
    {
        using var hash = CreateHash();
        hash.AppendData(content);
        return Finish(hash);
    }

    /// <summary>A running hash of this digest's algorithm; close it with <see cref="Finish"/>.</summary>
    public IncrementalHash CreateHash() => IncrementalHash.CreateHash(NameOf(Algorithm));

    /// <summary>Turns a running hash made by <see cref="CreateHash"/> into a digest and resets it.</summary>
    public Digest Finish(IncrementalHash hash) => new(Algorithm, Convert.ToHexStringLower(hash.GetHashAndReset()));

    /// <inheritdoc/>
    public override string ToString() => $"{Algorithm}:{Hex}";

    /// <summary>Parses a digest; false with the reason when it is not one.</summary>
    internal static bool TryParse(string? text, [NotNullWhen(true)] out Digest? digest, out string error)
    {
        digest = null;
        var colon = text?.IndexOf(':') ?? -1;
        if (colon < 0)
        {
            error = $"digest \"{text}\": expected algorithm:hex";
            return false;
        }

        var (algorithm, hex) = (text![..colon], text[(colon + 1)..]);
        var length = algorithm switch { Sha256Name => 64, Sha512Name => 128, _ => 0 };
        if (length == 0)
        {
            error = $"digest \"{text}\": unknown algorithm \"{algorithm}\", expected sha256 or sha512";
            return false;
        }

        if (hex.Length != length || !hex.All(char.IsAsciiHexDigitLower))
        {
            error = $"digest \"{text}\": expected {length} lower-case hex digits after \"{algorithm}:\"";
            return false;
        }

        error = "";
        digest = new Digest(algorithm, hex);
        return true;
    }

    private static HashAlgorithmName NameOf(string algorithm) =>
        algorithm == Sha512Name ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256;
}
