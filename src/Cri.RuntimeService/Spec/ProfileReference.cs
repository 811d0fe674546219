using Cri.RuntimeService.Lifecycle;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Spec;

/// <summary>A seccomp or AppArmor profile as the CRI names it, in a SecurityProfile or in the words of its deprecated string fields.</summary>
public static class ProfileReference
{
    private const string LocalPrefix = "localhost/";

    /// <summary>
    /// The profile asked for; the message wins over the deprecated text, null is neither. A local name has no prefix any more.
    /// Throws INVALID_ARGUMENT for a local name that is missing or where none belongs, and for a text that is no profile.
    /// </summary>
    /// <param name="field">What error texts call it: <c>seccomp</c>.</param>
    /// <param name="profile">The message; null when the request has none.</param>
    /// <param name="deprecated">The deprecated field: <c>runtime/default</c>, <c>docker/default</c>, <c>unconfined</c>, <c>localhost/NAME</c>.</param>
    public static V1.SecurityProfile? Of(string field, V1.SecurityProfile? profile, string deprecated) =>
        (profile ?? FromText(field, deprecated)) switch
        {
            null => null,
            { ProfileType: ProfileType.Localhost, LocalhostRef: "" } => throw CriError.Invalid($"{field}: localhost_ref is empty"),
            { ProfileType: ProfileType.Localhost } local => Local(WithoutPrefix(local.LocalhostRef)),
            { LocalhostRef.Length: > 0 } other => throw CriError.Invalid(
                $"{field}: localhost_ref \"{other.LocalhostRef}\" is only for a profile of type Localhost, not {other.ProfileType}"),
            { ProfileType: ProfileType.RuntimeDefault or ProfileType.Unconfined } known => known,
            var unknown => throw CriError.Invalid($"{field}: profile type {(int)unknown.ProfileType} is not known"),
        };

    private static V1.SecurityProfile? FromText(string field, string text) => text switch
    {
        "" => null,
        "runtime/default" or "docker/default" => new V1.SecurityProfile { ProfileType = ProfileType.RuntimeDefault },
        "unconfined" => new V1.SecurityProfile { ProfileType = ProfileType.Unconfined },
        _ when text.StartsWith(LocalPrefix, StringComparison.Ordinal) => new V1.SecurityProfile
        {
            ProfileType = ProfileType.Localhost,
            LocalhostRef = WithoutPrefix(text),
        },
        _ => throw CriError.Invalid($"{field}: profile \"{text}\": must be runtime/default, unconfined or localhost/NAME"),
    };

    private static V1.SecurityProfile Local(string name) => new() { ProfileType = ProfileType.Localhost, LocalhostRef = name };

    private static string WithoutPrefix(string name) =>
        name.StartsWith(LocalPrefix, StringComparison.Ordinal) ? name[LocalPrefix.Length..] : name;
}
