using Cri.ImageService.Registry;
using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>
/// Asks whether an image is signed as a policy requires. The signature may be that of the digest which the name stands for, an
/// index often, or that of the manifest chosen from it: either way nothing runs but what was signed. The keys are read anew
/// each time.
/// </summary>
/// <param name="policy">A policy that requires signatures.</param>
/// <param name="image">The name that is to be used.</param>
/// <param name="repository">Where signatures are looked for.</param>
internal sealed class SignatureVerification(ImagePolicy policy, ImageReference image, RemoteRepository repository)
{
    /// <summary>Returns when the image is signed.</summary>
    /// <param name="resolved">What the name stands for.</param>
    /// <param name="choose">Finds the manifest for this platform; asked only when <paramref name="resolved"/> is not signed.</param>
    /// <param name="cancellation">Ends the check.</param>
    /// <exception cref="ImageException">UNKNOWN with the kubelet's SignatureValidationFailed: it is not. Another code: it cannot be found out.</exception>
    internal async Task VerifyAsync(Digest resolved, Func<Task<Digest>> choose, CancellationToken cancellation)
    {
        var problems = new List<string>();
        var keys = ReadKeys(problems);
        try
        {
            var signatures = new CosignSignatures(repository);
            var check = await CheckAsync(signatures, resolved, keys, cancellation);
            if (check.IsMet)
            {
                return;
            }

            problems.Add(check.Explain());
            if (await choose() is var chosen && chosen != resolved)
            {
                check = await CheckAsync(signatures, chosen, keys, cancellation);
                if (check.IsMet)
                {
                    return;
                }

                problems.Add($"for this platform {check.Explain()}");
            }

            throw SignatureRefusal.Unsigned(image, resolved, policy, string.Join("; ", problems));
        }
        finally
        {
            keys.ForEach(key => key.Dispose());
        }
    }

    private async Task<SignatureCheck> CheckAsync(
        CosignSignatures signatures, Digest subject, List<VerificationKey> keys, CancellationToken cancellation)
    {
        var check = new SignatureCheck(policy, image, subject);
        await check.RunAsync(signatures, keys, cancellation);
        return check;
    }

    // A key that cannot be read signs nothing; the others still count.
    private List<VerificationKey> ReadKeys(List<string> problems)
    {
        var keys = new List<VerificationKey>();
        foreach (var path in policy.Keys)
        {
            try
            {
                keys.Add(VerificationKey.Read(path));
            }
            catch (InvalidDataException error)
            {
                problems.Add($"key {path}: {error.Message}");
            }
        }

        return keys;
    }
}
