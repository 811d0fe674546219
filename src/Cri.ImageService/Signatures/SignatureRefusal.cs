using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Signatures;

/// <summary>
/// Refusals by policy in the form that the kubelet knows: code UNKNOWN and a message that begins with
/// <c>SignatureValidationFailed</c> (ErrSignatureValidationFailed of the CRI's API package). With any other code the kubelet
/// does not see the word, and a pod's state says ErrImagePull only.
/// </summary>
internal static class SignatureRefusal
{
    private const string Reason = "SignatureValidationFailed";

    internal static ImageException Rejected(ImageReference image, ImagePolicy policy) =>
        Refuse($"policy {policy.Name} rejects {image}");

    internal static ImageException Local(ImageReference image, ImagePolicy policy) => Refuse(
        $"policy {policy.Name} requires a signature of {image}, and only what is pulled is checked; pull it, or choose a name that no such policy is for");

    internal static ImageException Unsigned(ImageReference image, Digest resolved, ImagePolicy policy, string why) =>
        Refuse($"image {image.AtDigest(resolved)}: policy {policy.Name}: {why}");

    private static ImageException Refuse(string words) => new(StatusCode.Unknown, words, Reason);
}
