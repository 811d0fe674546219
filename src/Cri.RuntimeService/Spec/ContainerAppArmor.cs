using Cri.RuntimeService.Lifecycle;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Spec;

/// <summary>The AppArmor profile of a container.</summary>
public static class ContainerAppArmor
{
    /// <summary>The profile that confines containers unless they ask for another; see <see cref="Host.AppArmorProfiles"/>.</summary>
    public const string DefaultProfile = "crisp-default";

    /// <summary>
    /// The profile's name, or null for none. Where the host has AppArmor, a container that asks for nothing is confined by the
    /// default profile, unless it is privileged; where it has none, only a local profile is refused, FAILED_PRECONDITION.
    /// </summary>
    public static string? Choose(V1.LinuxContainerSecurityContext security, bool enabled)
    {
#pragma warning disable CS0612 // the deprecated field still counts where the new one is not given
        var profile = ProfileReference.Of("apparmor", security.Apparmor, security.ApparmorProfile);
#pragma warning restore CS0612
        if (profile?.ProfileType == ProfileType.Localhost)
        {
            return enabled
                ? profile.LocalhostRef
                : throw CriError.Precondition($"AppArmor profile \"{profile.LocalhostRef}\": this host cannot confine by AppArmor: the kernel has it not enabled, or apparmor_parser is missing");
        }

        var confined = enabled && profile?.ProfileType != ProfileType.Unconfined && !security.Privileged;
        return confined ? DefaultProfile : null;
    }
}
