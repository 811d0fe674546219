namespace Cri.ImageService.Integrity;

/// <summary>What a verification has to say: where it is, what is damaged, and in the end the sum.</summary>
public abstract record VerificationEvent;

/// <summary>A piece of content is about to be read.</summary>
/// <param name="Subject">The digest of the document or the diff id of the layer.</param>
/// <param name="BytesDone">Bytes on disk that have been read.</param>
/// <param name="BytesTotal">Bytes on disk that will be read in all.</param>
public sealed record VerificationProgress(string Subject, long BytesDone, long BytesTotal) : VerificationEvent;

/// <summary>A piece of content that is damaged, missing, or cannot be verified.</summary>
/// <param name="ImageIds">The images that need it.</param>
/// <param name="Digest">The digest of the document or the diff id of the layer.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Paths">Of a layer: the damaged paths, at most 100 of them.</param>
/// <param name="IsMarked">True when those images are not usable until a pull has brought the content anew.</param>
public sealed record ContentDamage(
    IReadOnlyList<string> ImageIds, string Digest, string Problem, IReadOnlyList<string> Paths, bool IsMarked) : VerificationEvent;

/// <summary>The end of a verification.</summary>
/// <param name="Images">How many images were verified.</param>
/// <param name="Layers">How many different layers they have.</param>
/// <param name="Bytes">Bytes on disk that were read.</param>
/// <param name="Damaged">How many pieces of content are not as they should be.</param>
public sealed record VerificationSummary(int Images, int Layers, long Bytes, int Damaged) : VerificationEvent;
