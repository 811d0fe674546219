using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cri.Linux;

/// <summary>An owned file descriptor of any kind: closed exactly once, by Dispose or by the finalizer.</summary>
public sealed partial class Fd : SafeHandleMinusOneIsInvalid
{
    /// <summary>Takes ownership of <paramref name="fd"/>.</summary>
    public Fd(int fd)
        : base(ownsHandle: true) => SetHandle(fd);

    /// <summary>The number; valid only while this object is alive. Throws when it is disposed: the kernel may have given the number to another.</summary>
    public int Number
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (int)handle;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);
}
