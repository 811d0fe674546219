using System.Text.Json;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Spec;

/// <summary>The seccomp filter of a container: ours, a file on the node, or none; privileged containers have none.</summary>
public static class ContainerSeccomp
{
    /// <summary>Builds the filter. Throws INVALID_ARGUMENT when a named profile cannot be read.</summary>
    public static SeccompSpec? Build(SpecInput input) => input.Security switch
    {
        { Privileged: true } or { Seccomp: null } => null,
        { Seccomp.ProfileType: ProfileType.RuntimeDefault } security =>
            SeccompDefault.For(Capabilities.Of(security, input.Host.Capabilities).Bounding),
        { Seccomp: { ProfileType: ProfileType.Localhost } profile } => FromFile(profile.LocalhostRef),
        _ => null,
    };

    private static SeccompSpec FromFile(string reference)
    {
        var path = reference.StartsWith("localhost/", StringComparison.Ordinal) ? reference["localhost/".Length..] : reference;
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, RuntimeJson.Default.SeccompSpec)
                ?? throw CriError.Invalid($"seccomp profile \"{path}\": empty");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw CriError.Invalid($"seccomp profile \"{path}\": {error.Message}");
        }
    }
}
