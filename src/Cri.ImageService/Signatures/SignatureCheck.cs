using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>
/// Checks the signatures of one digest against a policy, one after another, and counts the keys that vouch for it. Use once.
/// </summary>
internal sealed class SignatureCheck(ImagePolicy policy, ImageReference image, Digest subject)
{
    private const int ReasonsMax = 4;

    private readonly HashSet<string> _signers = [];
    private readonly Dictionary<string, int> _reasons = [];

    /// <summary>True when enough keys vouch for the digest.</summary>
    internal bool IsMet => _signers.Count >= policy.Threshold;

    /// <summary>Looks at signatures until enough of them are good.</summary>
    /// <exception cref="ImageException">The registry cannot be asked.</exception>
    internal async Task RunAsync(CosignSignatures signatures, IReadOnlyList<VerificationKey> keys, CancellationToken cancellation)
    {
        await foreach (var signature in signatures.FindAsync(subject, Note, cancellation))
        {
            Add(signature, keys);
            if (IsMet)
            {
                return;
            }
        }
    }

    /// <summary>Counts a signature if it vouches for the digest.</summary>
    internal void Add(CosignSignature signature, IReadOnlyList<VerificationKey> keys)
    {
        var signers = keys.Where(key => signature.Signatures.Any(bytes => key.Verify(signature.SignedBytes, bytes))).ToList();
        var reason = signers.Count == 0 ? $"is by none of {string.Join(", ", policy.Keys)}" : Mismatch(signature);
        if (reason is null)
        {
            _signers.UnionWith(signers.Select(key => key.Fingerprint));
        }
        else
        {
            Note(reason);
        }
    }

    /// <summary>Why the policy is not met: how many keys have signed and what is wrong with the other signatures.</summary>
    internal string Explain()
    {
        var lacking = _signers.Count > 0
            ? $"{subject} is signed by {_signers.Count} of the {policy.Threshold} keys needed"
            : _reasons.Count == 0 ? $"{subject} is not signed" : $"{subject} has no signature that counts";
        var reasons = _reasons.Take(ReasonsMax).Select(pair => pair.Value == 1 ? $"one {pair.Key}" : $"{pair.Value} times one {pair.Key}");
        return _reasons.Count == 0 ? lacking : $"{lacking} ({string.Join("; ", reasons)})";
    }

    private string? Mismatch(CosignSignature signature)
    {
        try
        {
            return signature.ReadClaim().Mismatch(policy, image, subject);
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    private void Note(string reason) => _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
}
