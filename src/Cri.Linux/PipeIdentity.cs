namespace Cri.Linux;

/// <summary>A pipe or named pipe, as its open descriptions can be told from all others on the machine.</summary>
/// <param name="Device">The device of its file system.</param>
/// <param name="Inode">Its inode there.</param>
public readonly record struct PipeIdentity(ulong Device, ulong Inode)
{
    /// <summary>The pipe behind a descriptor of ours.</summary>
    public static PipeIdentity Of(Fd pipe)
    {
        var status = FileStatus.Of(pipe);
        return new PipeIdentity(status.Device, status.Inode);
    }

    /// <summary>True when a process has an end of it open; false once the process is gone.</summary>
    public bool IsOpenIn(int pid)
    {
        try
        {
            foreach (var descriptor in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
            {
                if (FileStatus.OfTarget(descriptor) is { Kind: FileKind.Fifo } status && new PipeIdentity(status.Device, status.Inode) == this)
                {
                    return true;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
        }

        return false;
    }
}
