using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>The attachments of this host, one file each: <c>NETWORK-SANDBOX-INTERFACE.json</c>.</summary>
internal sealed class AttachmentCache(string directory)
{
    private const string Suffix = ".json";

    private const string TurnSuffix = ".turn";

    // As earlier versions named what they had not written to its end.
    private const string OldTemporarySuffix = ".tmp";

    /// <summary>Removes what a crash left half-written. Call it before anything is recorded.</summary>
    internal void Sweep()
    {
        if (Directory.Exists(directory))
        {
            var unfinished = Directory.EnumerateFiles(directory).Where(path =>
                Path.GetFileName(path).StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal) || path.EndsWith(OldTemporarySuffix, StringComparison.Ordinal));
            unfinished.ToList().ForEach(File.Delete);
        }
    }

    /// <summary>Records an attachment, in place of an earlier record of it.</summary>
    internal void Put(Attachment attachment)
    {
        try
        {
            Directory.CreateDirectory(directory);
            AtomicFile.WriteVolatile(PathOf(attachment), attachment.ToJson().Span, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (IOException e)
        {
            throw new IOException($"record of the network of sandbox {attachment.SandboxId}: {e.Message}", e.HResult);
        }
    }

    /// <summary>Forgets an attachment.</summary>
    internal void Remove(Attachment attachment)
    {
        File.Delete(PathOf(attachment));
        File.Delete(TurnOf(directory, attachment));
    }

    /// <summary>The file by which the plugins of an attachment are known to run.</summary>
    internal static string TurnOf(string directory, Attachment attachment) => Path.Combine(directory, NameOf(attachment) + TurnSuffix);

    /// <summary>
    /// The attachments of a sandbox's interface: one, or none; more only if the network was given another name in between. Throws
    /// <see cref="NewerRecordException"/> for one that a newer crispd recorded.
    /// </summary>
    internal IReadOnlyList<Attachment> Of(string sandboxId, string interfaceName) =>
        [.. All($"*-{sandboxId}-{interfaceName}{Suffix}", Read).Where(a => a.SandboxId == sandboxId && a.InterfaceName == interfaceName)];

    /// <summary>Every attachment but those that a newer crispd recorded, which are not ours to touch.</summary>
    internal IReadOnlyList<Attachment> All() => All("*" + Suffix, ReadKnown);

    private List<Attachment> All(string pattern, Func<string, Attachment?> read)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        return [.. Directory.EnumerateFiles(directory, pattern).Select(read).OfType<Attachment>()];
    }

    private static Attachment? ReadKnown(string file)
    {
        try
        {
            return Read(file);
        }
        catch (NewerRecordException)
        {
            return null;
        }
    }

    // A record that a power cut emptied says nothing; another call may remove a file between the listing and the reading.
    private static Attachment? Read(string file)
    {
        try
        {
            var json = File.ReadAllBytes(file);
            RecordVersion.Check(file, json);
            return Attachment.Parse(JsonFields.Parse(json));
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Where an attachment is recorded.</summary>
    internal string PathOf(Attachment attachment) => Path.Combine(directory, NameOf(attachment) + Suffix);

    private static string NameOf(Attachment a) => $"{a.Network.Name}-{a.SandboxId}-{a.InterfaceName}";
}
