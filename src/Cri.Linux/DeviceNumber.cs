namespace Cri.Linux;

/// <summary>Device numbers as glibc's makedev(3) packs them.</summary>
public static class DeviceNumber
{
    /// <summary>Packs a major and a minor number.</summary>
    public static ulong Pack(uint major, uint minor) =>
        ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);

    /// <summary>The major number, as major(3) finds it.</summary>
    public static uint Major(ulong device) => (uint)((device >> 8) & 0xfff) | ((uint)(device >> 32) & ~0xfffu);

    /// <summary>The minor number, as minor(3) finds it.</summary>
    public static uint Minor(ulong device) => (uint)(device & 0xff) | ((uint)(device >> 12) & ~0xffu);
}
