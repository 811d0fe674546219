using System.Diagnostics;
using Cri.Testing;

namespace Cri.Faults.Stuck;

/// <summary>
/// A small disk that can be frozen: whoever writes to it then waits in the kernel, in state D, until it is thawed, and no signal ends
/// it. A watchdog of its own thaws it when the test run is killed.
/// </summary>
internal sealed class FrozenDisk : IDisposable
{
    private readonly TemporaryDirectory _directory = new("disk", "/var/tmp");
    private readonly Process _watchdog;
    private bool _isFrozen;

    internal FrozenDisk()
    {
        var image = $"{_directory.Path}/image";
        Command.Run("truncate", "-s", "32M", image);
        Command.Run("mkfs.ext4", "-q", "-F", image);
        Directory.CreateDirectory(Path);
        Command.Run("mount", "-o", "loop", image, Path);
        _watchdog = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", $"sleep 1800; fsfreeze -u {Path}; umount -l {Path}"]))!;
    }

    /// <summary>Where it is mounted.</summary>
    internal string Path => $"{_directory.Path}/mount";

    internal void Freeze()
    {
        Command.Run("fsfreeze", "-f", Path);
        _isFrozen = true;
    }

    internal void Thaw()
    {
        if (_isFrozen)
        {
            Command.Run("fsfreeze", "-u", Path);
            _isFrozen = false;
        }
    }

    public void Dispose()
    {
        Thaw();
        _watchdog.Kill(entireProcessTree: true);
        _watchdog.Dispose();
        Command.Run("umount", "-l", Path);
        _directory.Dispose();
    }
}
