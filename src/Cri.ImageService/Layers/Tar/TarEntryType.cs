namespace Cri.ImageService.Layers.Tar;

/// <summary>What an archive entry makes.</summary>
internal enum TarEntryType
{
    /// <summary>A regular file with content.</summary>
    File,

    /// <summary>A second name for a file that the archive has already.</summary>
    HardLink,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A named pipe.</summary>
    Fifo,
}
