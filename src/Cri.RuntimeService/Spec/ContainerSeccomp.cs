using System.Text.Json;
using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Spec;

/// <summary>The seccomp filter of a container: ours, a file on the node, or none; privileged containers have none.</summary>
public static class ContainerSeccomp
{
    private const int LargestProfile = 1 << 20;

    /// <summary>
    /// Builds the filter. Throws INVALID_ARGUMENT when a named profile cannot be read and FAILED_PRECONDITION when the kernel has
    /// no seccomp filters. Nothing asked for is unconfined, as with every other runtime.
    /// </summary>
    public static SeccompSpec? Build(SpecInput input)
    {
        var security = input.Security;
        if (security.Privileged)
        {
            return null;
        }

#pragma warning disable CS0612 // the deprecated field still counts where the new one is not given
        var profile = ProfileReference.Of("seccomp", security.Seccomp, security.SeccompProfilePath);
#pragma warning restore CS0612
        if (profile is null or { ProfileType: ProfileType.Unconfined })
        {
            return null;
        }

        if (!input.Host.Seccomp)
        {
            throw CriError.Precondition($"seccomp profile {profile.ProfileType}: this host's kernel has no seccomp filters");
        }

        return profile.ProfileType == ProfileType.Localhost
            ? FromFile(profile.LocalhostRef)
            : SeccompDefault.For(Capabilities.Of(security, input.Host.Capabilities).Bounding);
    }

    private static SeccompSpec FromFile(string path)
    {
        if (!path.StartsWith('/'))
        {
            throw CriError.Invalid($"seccomp profile \"{path}\": the path must be absolute");
        }

        try
        {
            return JsonSerializer.Deserialize(RegularFile.Read(path, LargestProfile), RuntimeJson.Default.SeccompSpec)
                ?? throw CriError.Invalid($"seccomp profile \"{path}\": empty");
        }
        catch (JsonException error)
        {
            // The message would quote the file, which may be any file of the node's.
            throw CriError.Invalid($"seccomp profile \"{path}\": it is no profile in JSON, from line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1} on");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CriError.Invalid($"seccomp profile \"{path}\": {error.Message}");
        }
    }
}
