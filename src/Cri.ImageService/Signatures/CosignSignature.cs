namespace Cri.ImageService.Signatures;

/// <summary>A signature as a registry served it: nothing about it is to be believed before one of the signatures is verified.</summary>
/// <param name="SignedBytes">What the signatures are over.</param>
/// <param name="Signatures">Alternatives or co-signatures; at most <see cref="SignaturesMax"/>.</param>
internal abstract record CosignSignature(byte[] SignedBytes, IReadOnlyList<byte[]> Signatures)
{
    /// <summary>How many signatures over one content are looked at.</summary>
    protected const int SignaturesMax = 8;

    /// <summary>What it says, for after the verification.</summary>
    /// <exception cref="InvalidDataException">It says nothing about images.</exception>
    internal abstract SignatureClaim ReadClaim();
}
