using Cri.Linux;
using Cri.Ttrpc;
using MountMessage = Cri.Ttrpc.Types.Mount;

namespace Cri.Shim.Tasks;

/// <summary>The root of a container, mounted at rootfs in its bundle. A slow disk holds up a thread of its own, not the loop.</summary>
internal sealed class RootFilesystem(string bundle)
{
    private bool _isMounted;

    private string Root => Path.Combine(bundle, "rootfs");

    /// <summary>Mounts in order; a failure leaves nothing mounted.</summary>
    public async Task MountAsync(IReadOnlyList<MountMessage> mounts)
    {
        _isMounted = mounts.Count > 0;
        try
        {
            if (_isMounted)
            {
                Directory.CreateDirectory(Root);
                await OwnThread.RunAsync(() => MountAll(mounts));
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            await UnmountAsync();
            throw new TtrpcException(TtrpcStatusCode.Unknown, $"root file system at {Root}: {e.Message}", e);
        }
    }

    /// <summary>Unmounts what was mounted, the innermost first.</summary>
    public async Task UnmountAsync()
    {
        if (_isMounted)
        {
            await OwnThread.RunAsync(() => Unmount(Root));
            _isMounted = false;
        }
    }

    /// <summary>Unmounts a directory and everything below it.</summary>
    public static void Unmount(string directory)
    {
        // Lazily, with whatever is mounted on it.
        if (Mount.Unmount(directory))
        {
            Mount.UnmountAll(directory);
            return;
        }

        foreach (var entry in MountTable.Below(directory).Reverse().ToList())
        {
            Mount.Unmount(entry.Target);
        }
    }

    private void MountAll(IReadOnlyList<MountMessage> mounts)
    {
        foreach (var mount in mounts)
        {
            Mount.Make(mount.Type, mount.Source, Root + mount.Target.TrimEnd('/'), mount.Options);
        }
    }
}
