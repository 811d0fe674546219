namespace Cri.Server;

/// <summary>Keeps a second crispd from using the same state directory; the kernel lets go of it however the process ends.</summary>
public sealed class InstanceLock : IDisposable
{
    private readonly FileStream _file;

    /// <summary>Takes the lock. Throws <see cref="StartException"/> when another process holds it.</summary>
    public InstanceLock(string stateDirectory)
    {
        var path = Path.Combine(stateDirectory, "crispd.lock");
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new StartException($"another crispd uses the state directory {stateDirectory} ({path} is locked)");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
