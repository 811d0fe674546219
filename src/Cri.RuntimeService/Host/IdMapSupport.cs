using Cri.Linux;

namespace Cri.RuntimeService.Host;

/// <summary>
/// What this host's kernel can do for user namespaces, found out by doing it once; nothing is left behind.
/// </summary>
/// <param name="layers">The directory that all image layers lie in; must exist.</param>
public sealed class IdMapSupport(string layers)
{
    // Overlayfs takes idmapped lower directories from 5.19 on.
    private static readonly Version _overlay = new(5, 19);
    private static readonly IdMap _sample = new(new IdMapping(0, 1 << 20, 1 << 16), new IdMapping(0, 1 << 20, 1 << 16));

    private readonly Lazy<(bool UserNamespaces, bool Layers)> _probe = new(() => Probe(layers));

    /// <summary>True when user namespaces can be made here.</summary>
    public bool UserNamespaces => _probe.Value.UserNamespaces;

    /// <summary>True when image layers need not be copied to have other owners.</summary>
    public bool Layers => _probe.Value.Layers;

    private static (bool UserNamespaces, bool Layers) Probe(string layers)
    {
        try
        {
            using var user = NamespaceHolder.OpenUserNamespace(_sample);
            return (true, Environment.OSVersion.Version >= _overlay && CanMap(layers, user));
        }
        catch (Exception refused) when (refused is IOException or PlatformNotSupportedException)
        {
            return (false, false);
        }
    }

    private static bool CanMap(string directory, Fd user)
    {
        try
        {
            using var mount = DetachedMount.Of(directory);
            mount.MapIds(user);
            return true;
        }
        catch (LinuxException refused) when (refused.Error is Errno.EINVAL or Errno.ENOSYS or Errno.EPERM)
        {
            return false;
        }
    }
}
