using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cri.Linux;

namespace Cri.RuntimeService;

/// <summary>
/// One record in a file, replaced atomically. There is no fsync: the state directory is a tmpfs, and a reboot ends
/// everything that the records speak of.
/// </summary>
public static class RecordFile
{
    /// <summary>Writes the record with mode 0600, since it can hold secrets from the environment.</summary>
    public static void Write<T>(string path, T record, JsonTypeInfo<T> type) => AtomicFile.WriteVolatile(
        path, JsonSerializer.SerializeToUtf8Bytes(record, type), UnixFileMode.UserRead | UnixFileMode.UserWrite);

    /// <summary>Reads a record; null when there is none. Throws <see cref="JsonException"/> with the path when it is damaged, <see cref="NewerRecordException"/> when it is not ours to read.</summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var json = File.ReadAllBytes(path);
            RecordVersion.Check(path, json);
            return JsonSerializer.Deserialize(json, type);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException damaged)
        {
            throw new JsonException($"{path}: {damaged.Message}", damaged);
        }
    }
}
