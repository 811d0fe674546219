using Cri.Linux;

namespace Cri.Server;

/// <summary>Keeps a second crispd from using the same state directory; the kernel lets go of it however the process ends.</summary>
public sealed class InstanceLock : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    private readonly FileStream _file;

    private InstanceLock(FileStream file) => _file = file;

    /// <summary>
    /// Takes the lock. Throws <see cref="StartException"/> when another process still holds it after <paramref name="patience"/>, and
    /// IOException when its file cannot be opened.
    /// </summary>
    /// <param name="stateDirectory">The directory to have alone.</param>
    /// <param name="patience">
    /// A crispd that was killed while it started a program leaves a child that has its lock and its socket open until it executes that
    /// program, which on a busy machine takes a while.
    /// </param>
    public static async Task<InstanceLock> TakeAsync(string stateDirectory, TimeSpan patience)
    {
        var path = Path.Combine(stateDirectory, "crispd.lock");
        var limit = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                return new InstanceLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException held) when (held.HResult == (int)Errno.EAGAIN)
            {
                if (Environment.TickCount64 > limit)
                {
                    throw new StartException($"another crispd uses the state directory {stateDirectory} ({path} is locked)");
                }
            }

            await Task.Delay(_pause);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
