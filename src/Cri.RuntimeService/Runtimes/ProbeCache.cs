using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.RuntimeService.Runtimes;

/// <summary>
/// The results of probes, in a file: a binary that has not changed since this boot is not probed again. To have it probed again, remove
/// the file.
/// </summary>
internal sealed class ProbeCache
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";
    private readonly string _file;
    private readonly string _bootId = File.ReadAllText(BootIdPath).Trim();
    private readonly Dictionary<ProbedBinary, RuntimeProbe> _probes = [];

    /// <summary>Reads the results; none when there is no file of this boot.</summary>
    internal ProbeCache(string file)
    {
        _file = file;
        foreach (var result in Read())
        {
            _probes[result.Binary] = result.Probe;
        }
    }

    /// <summary>The earlier result for a binary; null when there is none.</summary>
    internal RuntimeProbe? Find(ProbedBinary binary) => _probes.GetValueOrDefault(binary);

    /// <summary>Keeps these results, and no others.</summary>
    internal void Save(IReadOnlyDictionary<ProbedBinary, RuntimeProbe> probes)
    {
        var results = new ProbeResults(_bootId, [.. probes.Select(pair => new ProbeResult(pair.Key, pair.Value))]);
        var temporary = _file + ".tmp";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(results, ProbeJson.Default.ProbeResults));
        File.Move(temporary, _file, overwrite: true);
    }

    private IReadOnlyList<ProbeResult> Read()
    {
        try
        {
            var results = JsonSerializer.Deserialize(File.ReadAllBytes(_file), ProbeJson.Default.ProbeResults);
            return results?.BootId == _bootId ? results.Results : [];
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return [];
        }
    }
}

/// <summary>What makes a binary, and what is asked of it, the same as the last time.</summary>
internal sealed record ProbedBinary(string Path, long Size, DateTime Modified, bool SystemdCgroup)
{
    /// <summary>The identity of a file, behind its symbolic links; null when there is none.</summary>
    internal static ProbedBinary? Of(string path, bool systemdCgroup)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var file = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        return new ProbedBinary(path, file.Length, file.LastWriteTimeUtc, systemdCgroup);
    }
}

/// <summary>One result.</summary>
internal sealed record ProbeResult(ProbedBinary Binary, RuntimeProbe Probe);

/// <summary>The file.</summary>
internal sealed record ProbeResults(string BootId, IReadOnlyList<ProbeResult> Results);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProbeResults))]
internal sealed partial class ProbeJson : JsonSerializerContext;
