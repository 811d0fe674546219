using Cri.RuntimeService.Selinux;
using Cri.Server.Configuration;

namespace Cri.Server;

/// <summary>Settles whether pods get SELinux labels: as configured, else where the kernel has SELinux enabled.</summary>
public static class SelinuxChoice
{
    /// <summary>The policy to label by; null for none. Throws <see cref="StartException"/> where it must be there and is not.</summary>
    public static SelinuxPolicy? Of(SelinuxMode configured) => configured == SelinuxMode.Disabled ? null : SelinuxPolicy.OfHost()
        ?? (configured == SelinuxMode.Enabled ? throw new StartException("selinux: enabled, but this kernel has SELinux not enabled or no policy loaded") : null);
}
