using System.Text.Json;
using System.Text.Json.Serialization;
using Cri.Linux;

namespace Cri.ImageService.Integrity;

/// <summary>
/// How the last run of the server over the same root ended, kept in <c>run.json</c>. Only when the machine went down under a
/// running server can bytes be lost that were in the page cache.
/// </summary>
internal static class LastRun
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// Says that a run begins; true when the machine went down during the last one. Not forced to disk: until something
    /// else is, there is nothing that could be lost.
    /// </summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static bool Begin(StorageLayout layout)
    {
        var last = Read(layout.LastRun);
        var bootId = BootId();
        AtomicFile.WriteVolatile(layout.LastRun, Serialize(new RunState(bootId, false)));
        return last is { Ended: false } && last.BootId != bootId;
    }

    /// <summary>Says that the run ended in order.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void End(StorageLayout layout) => AtomicFile.Write(layout.LastRun, Serialize(new RunState(BootId(), true)));

    private static string BootId() => SmallFile.ReadText(BootIdPath).Trim();

    // What cannot be read was not written in order.
    private static RunState? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RunStateJson.Default.RunState) ?? new RunState("", false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            return new RunState("", false);
        }
    }

    private static byte[] Serialize(RunState state) => JsonSerializer.SerializeToUtf8Bytes(state, RunStateJson.Default.RunState);
}

/// <summary>What <c>run.json</c> holds.</summary>
/// <param name="BootId">The kernel's id of the boot that the server ran in.</param>
/// <param name="Ended">True when it ended in order.</param>
internal sealed record RunState(string BootId, bool Ended);

/// <summary>Source-generated JSON of the state of a run.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunStateJson : JsonSerializerContext;
