using System.Text;

namespace Cri.Linux;

/// <summary>File names as the kernel knows them: bytes that end in a NUL, not always UTF-8.</summary>
internal static class NativePath
{
    /// <summary>The bytes of <paramref name="name"/> with the NUL that the kernel wants. EINVAL when a NUL lies inside.</summary>
    internal static byte[] Terminate(ReadOnlySpan<byte> name)
    {
        if (name.Contains((byte)0))
        {
            throw new LinuxException("path", Show(name), (int)Errno.EINVAL);
        }

        var bytes = new byte[name.Length + 1];
        name.CopyTo(bytes);
        return bytes;
    }

    /// <summary>The name for people; bytes that are not UTF-8 become U+FFFD.</summary>
    internal static string Show(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
}
