using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Cdi;

/// <summary>
/// The CDI devices of the node. The directories are read anew for each container that asks for a device: vendors' tools rewrite
/// them at any time, and the files are few.
/// </summary>
/// <param name="directories">The directories of <c>.json</c> and <c>.yaml</c> files; a device in a later one hides that of an earlier one.</param>
/// <param name="journal">Hears of files that are passed over.</param>
public sealed class CdiRegistry(IReadOnlyList<string> directories, Journal journal)
{
    private const string AnnotationPrefix = "cdi.k8s.io/";

    /// <summary>
    /// The names of the devices that a container asks for, by field and by annotation, each once. Throws INVALID_ARGUMENT for one
    /// that is no qualified name.
    /// </summary>
    public static IReadOnlyList<string> Requested(V1.ContainerConfig config)
    {
        var annotated = config.Annotations
            .Where(annotation => annotation.Key.StartsWith(AnnotationPrefix, StringComparison.Ordinal))
            .OrderBy(annotation => annotation.Key, StringComparer.Ordinal)
            .SelectMany(annotation => annotation.Value.Split(',', StringSplitOptions.TrimEntries));
        List<string> names = [.. config.CDIDevices.Select(device => device.Name).Concat(annotated).Distinct(StringComparer.Ordinal)];
        return names.Find(name => !CdiName.IsQualified(name)) is { } wrong
            ? throw CriError.Invalid($"CDI device \"{wrong}\": not a qualified name such as vendor.com/class=name")
            : names;
    }

    /// <summary>
    /// What the devices do to a container: each file's own edits once, before those of its first device. Throws INVALID_ARGUMENT
    /// that names the devices that no file has.
    /// </summary>
    public IReadOnlyList<CdiEdits> EditsOf(IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return [];
        }

        var known = Read();
        var unknown = names.Where(name => !known.ContainsKey(name)).ToList();
        if (unknown.Count > 0)
        {
            throw CriError.Invalid($"CDI device {string.Join(", ", unknown)}: not found in {string.Join(", ", directories)}");
        }

        var edits = new List<CdiEdits>();
        var seen = new HashSet<CdiSpec>(ReferenceEqualityComparer.Instance);
        foreach (var (spec, device) in names.Select(name => known[name]))
        {
            if (seen.Add(spec))
            {
                edits.Add(spec.ContainerEdits);
            }

            edits.Add(device.ContainerEdits);
        }

        return edits;
    }

    private Dictionary<string, (CdiSpec Spec, CdiDevice Device)> Read()
    {
        var known = new Dictionary<string, (CdiSpec Spec, CdiDevice Device)>(StringComparer.Ordinal);
        foreach (var directory in directories.Where(Directory.Exists))
        {
            foreach (var (name, device) in ReadDirectory(directory))
            {
                known[name] = device;
            }
        }

        return known;
    }

    // Two files of one directory that have the same device contradict each other, so neither counts.
    private Dictionary<string, (CdiSpec Spec, CdiDevice Device)> ReadDirectory(string directory)
    {
        var devices = new Dictionary<string, (CdiSpec Spec, CdiDevice Device)>(StringComparer.Ordinal);
        var conflicts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(directory).Where(IsSpec).Order(StringComparer.Ordinal))
        {
            try
            {
                var spec = CdiFile.Read(file);
                foreach (var device in spec.Devices)
                {
                    var name = $"{spec.Kind}={device.Name}";
                    if (!devices.TryAdd(name, (spec, device)) && conflicts.Add(name))
                    {
                        journal.Warn($"CDI file {file}: device {name} is in another file of that directory too; neither is used");
                    }
                }
            }
            catch (InvalidDataException mistake)
            {
                journal.Warn($"CDI file {file}: passed over: {mistake.Message}");
            }
        }

        foreach (var name in conflicts)
        {
            devices.Remove(name);
        }

        return devices;
    }

    private static bool IsSpec(string path) => Path.GetExtension(path) is ".json" or ".yaml";
}
