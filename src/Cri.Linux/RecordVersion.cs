using System.Text.Json;

namespace Cri.Linux;

/// <summary>
/// The version of a state file's form: the number <c>version</c> at the top of its JSON; a file without one is of version 1. A form
/// that only gains fields keeps its version, since older programs pass over what they do not know. A new number means that an older
/// program must not touch the file.
/// </summary>
public static class RecordVersion
{
    /// <summary>The newest version that this program reads, and the one it writes.</summary>
    public const int Newest = 1;

    /// <summary>Throws <see cref="NewerRecordException"/> when a file's content is of a version that this program does not know.</summary>
    /// <param name="path">The file.</param>
    /// <param name="json">Its content, which may be damaged: who parses it tells of that.</param>
    public static void Check(string path, ReadOnlySpan<byte> json)
    {
        if (Of(json) is > Newest and var version)
        {
            throw new NewerRecordException(path, version);
        }
    }

    private static int Of(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                {
                    continue;
                }

                var isVersion = reader.ValueTextEquals("version"u8);
                reader.Read();
                if (isVersion && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version))
                {
                    return version;
                }

                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // Damaged, which is no question of versions.
        }

        return 1;
    }
}

/// <summary>A state file was written by a newer version of the program; it is to be left as it is.</summary>
/// <param name="path">The file.</param>
/// <param name="version">Its version.</param>
public sealed class NewerRecordException(string path, int version) : IOException(
    $"{path}: it is of version {version}, which a newer crispd wrote; this one reads up to version {RecordVersion.Newest} and leaves it alone");
