using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>
/// The node's policies, in order: of those that match an image's repository the first counts. An image that none matches is
/// accepted; the configuration sees to it that a list ends with one for everything. Immutable.
/// </summary>
public sealed class ImagePolicies
{
    /// <summary>Policies in the order in which they are looked at.</summary>
    public ImagePolicies(IReadOnlyList<ImagePolicy> policies) => All = policies;

    /// <summary>No policy: every image is accepted.</summary>
    public static ImagePolicies AcceptAll { get; } = new([]);

    /// <summary>All of them, in order.</summary>
    public IReadOnlyList<ImagePolicy> All { get; }

    /// <summary>The policy that is for an image; null when none is.</summary>
    public ImagePolicy? For(ImageReference image) => All.FirstOrDefault(policy => policy.Images.Any(pattern => pattern.Matches(image)));

    /// <summary>Refuses a name whose policy rejects it. To be asked before anything else.</summary>
    /// <exception cref="ImageException">UNKNOWN with the kubelet's SignatureValidationFailed: it may not be pulled.</exception>
    public void CheckName(ImageReference image)
    {
        if (For(image) is { Action: PolicyAction.Reject } policy)
        {
            throw SignatureRefusal.Rejected(image, policy);
        }
    }

    /// <summary>
    /// Refuses to give content that did not come from a registry, such as that of an archive, a name that only signed images
    /// may have: nothing vouches for it.
    /// </summary>
    /// <param name="image">The name that it is to get.</param>
    /// <exception cref="ImageException">UNKNOWN with the kubelet's SignatureValidationFailed: the policy rejects the name or requires a signature.</exception>
    public void CheckLocalName(ImageReference image)
    {
        CheckName(image);
        if (For(image) is { Action: PolicyAction.Require } policy)
        {
            throw SignatureRefusal.Local(image, policy);
        }
    }
}
