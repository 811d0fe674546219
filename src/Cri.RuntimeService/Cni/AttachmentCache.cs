namespace Cri.RuntimeService.Cni;

/// <summary>The attachments of this host, one file each: <c>NETWORK-SANDBOX-INTERFACE.json</c>.</summary>
internal sealed class AttachmentCache(string directory)
{
    private const string Suffix = ".json";

    // What a crash left half-written has this name and is no record.
    private const string TemporarySuffix = ".tmp";

    /// <summary>Records an attachment, in place of an earlier record of it.</summary>
    internal void Put(Attachment attachment)
    {
        Directory.CreateDirectory(directory);
        var file = PathOf(attachment);
        using (var stream = File.Create(file + TemporarySuffix))
        {
            stream.Write(attachment.ToJson().Span);
        }

        File.Move(file + TemporarySuffix, file, overwrite: true);
    }

    /// <summary>Forgets an attachment.</summary>
    internal void Remove(Attachment attachment) => File.Delete(PathOf(attachment));

    /// <summary>
    /// The attachments of a sandbox's interface: one, or none; more only if the network was given another name in between.
    /// </summary>
    internal IReadOnlyList<Attachment> Of(string sandboxId, string interfaceName) =>
        [.. All($"*-{sandboxId}-{interfaceName}{Suffix}").Where(a => a.SandboxId == sandboxId && a.InterfaceName == interfaceName)];

    /// <summary>Every attachment.</summary>
    internal IReadOnlyList<Attachment> All() => All("*" + Suffix);

    private List<Attachment> All(string pattern)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        return [.. Directory.EnumerateFiles(directory, pattern).Select(Read).OfType<Attachment>()];
    }

    // A record that a power cut emptied says nothing; another call may remove a file between the listing and the reading.
    private static Attachment? Read(string file)
    {
        try
        {
            return Attachment.Parse(JsonFields.Parse(File.ReadAllBytes(file)));
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException)
        {
            return null;
        }
    }

    private string PathOf(Attachment a) => Path.Combine(directory, $"{a.Network.Name}-{a.SandboxId}-{a.InterfaceName}{Suffix}");
}
