namespace Cri.ImageService.Transfer.Archives;

/// <summary>The files of an image archive, by their names inside it. Nobody vouches for what they hold. Safe for many readers at once.</summary>
internal interface IArchive : IDisposable
{
    /// <summary>What is being read, for messages.</summary>
    string Subject { get; }

    /// <summary>The length of a file in bytes; null when there is no such file.</summary>
    /// <exception cref="ImageException">It is no regular file of the archive.</exception>
    long? LengthOf(string name);

    /// <summary>Opens a file from its beginning.</summary>
    /// <exception cref="ImageException">There is no such file, or it is no regular file of the archive.</exception>
    Stream Open(string name);
}
