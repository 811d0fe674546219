using System.Runtime.InteropServices;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// Keeps the plugins of an attachment from running beside one that an earlier crispd started and did not live to see the end of: a DEL
/// that overtook its ADD would leave what that then makes. Every plugin inherits a lock, and so holds it until it and its children have
/// ended, whatever becomes of crispd.
/// </summary>
internal sealed class PluginTurn : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    // What a plugin has left running for good may hold the lock for ever.
    private static readonly TimeSpan _longestWait = TimeSpan.FromSeconds(30);

    private readonly FileStream _file;

    private PluginTurn(FileStream file) => _file = file;

    /// <summary>What the plugin is to inherit.</summary>
    internal SafeHandle Handle => _file.SafeFileHandle;

    /// <summary>Waits for the turn; null when it did not come within the limit, and the plugin must run all the same.</summary>
    /// <param name="path">The lock's file, which is made.</param>
    /// <param name="limit">How long a plugin may run, and so how long to wait; at most 30 s.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<PluginTurn?> TakeAsync(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } turn)
            {
                return turn;
            }

            if (System.Diagnostics.Stopwatch.GetElapsedTime(started) > (limit < _longestWait ? limit : _longestWait))
            {
                return null;
            }

            await Task.Delay(_pause, cancellationToken);
        }
    }

    /// <summary>Ends the turn, for what the plugin has left running too: closing a locked FileStream unlocks what all share.</summary>
    public void Dispose() => _file.Dispose();

    // FileShare.None is flock(2), whose lock belongs to what all inheritors have open.
    private static PluginTurn? TryTake(string path)
    {
        try
        {
            return new PluginTurn(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }
}
