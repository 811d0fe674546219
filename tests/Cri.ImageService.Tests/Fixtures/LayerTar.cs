using System.Formats.Tar;
using System.Text;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>Builds a layer's tar entry by entry, honest or not.</summary>
public sealed class LayerTar
{
    public static readonly DateTimeOffset Time = new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1234567);

    private readonly List<TarEntry> _entries = [];

    public LayerTar Directory(string name, int mode = 0x1ED, int uid = 0, int gid = 0) =>
        Add(new PaxTarEntry(TarEntryType.Directory, name), mode, uid, gid);

    public LayerTar File(string name, string content = "", int mode = 0x1A4, int uid = 0, int gid = 0, Dictionary<string, string>? xattrs = null) =>
        File(name, Encoding.UTF8.GetBytes(content), mode, uid, gid, xattrs);

    public LayerTar File(string name, byte[] content, int mode = 0x1A4, int uid = 0, int gid = 0, Dictionary<string, string>? xattrs = null)
    {
        var attributes = (xattrs ?? []).Select(pair => KeyValuePair.Create($"SCHILY.xattr.{pair.Key}", pair.Value));
        return Add(new PaxTarEntry(TarEntryType.RegularFile, name, attributes) { DataStream = new MemoryStream(content) }, mode, uid, gid);
    }

    public LayerTar Symlink(string name, string target) =>
        Add(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, 0x1FF, 0, 0);

    public LayerTar HardLink(string name, string target) =>
        Add(new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = target }, 0x1A4, 0, 0);

    public LayerTar Fifo(string name) => Add(new PaxTarEntry(TarEntryType.Fifo, name), 0x1A4, 0, 0);

    public LayerTar CharacterDevice(string name, int major, int minor) =>
        Add(new PaxTarEntry(TarEntryType.CharacterDevice, name) { DeviceMajor = major, DeviceMinor = minor }, 0x1A4, 0, 0);

    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            _entries.ForEach(writer.WriteEntry);
        }

        return stream.ToArray();
    }

    private LayerTar Add(TarEntry entry, int mode, int uid, int gid)
    {
        entry.Mode = (UnixFileMode)mode;
        entry.Uid = uid;
        entry.Gid = gid;
        entry.ModificationTime = Time;
        _entries.Add(entry);
        return this;
    }
}
