using Cri.Linux;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>
/// A failure about an image, in the words and with the status code that the caller of the CRI sees.
/// <list type="bullet">
/// <item>INVALID_ARGUMENT: the reference, the credentials or the hosts file is malformed.</item>
/// <item>NOT_FOUND: no such image here, or no such repository, tag or blob in the registry.</item>
/// <item>UNAUTHENTICATED, PERMISSION_DENIED: the registry answered 401 or 403.</item>
/// <item>FAILED_PRECONDITION: what the registry served cannot be accepted: a wrong digest or size, a hostile or
/// damaged layer, no manifest for this platform, an unsupported format.</item>
/// <item>UNAVAILABLE: the registry cannot be reached, broke off, or answered 429 or 5xx, after retries.</item>
/// <item>RESOURCE_EXHAUSTED: the disk is full.</item>
/// <item>UNKNOWN, with a message that begins with SignatureValidationFailed: a policy refuses the image; the kubelet knows the
/// word with this code only.</item>
/// </list>
/// Messages never hold credentials.
/// </summary>
public sealed class ImageException : RpcException
{
    // A word that has to stand first in the message, whatever is told around it.
    private readonly string? _reason;
    private readonly string _words;

    /// <summary>A failure with its code and its words.</summary>
    public ImageException(StatusCode code, string message, Exception? cause = null)
        : base(new Status(code, message, cause), message) => _words = message;

    /// <summary>A failure with a reason that callers look for at the beginning of the message: <c>reason: words</c>.</summary>
    internal ImageException(StatusCode code, string words, string reason, Exception? cause = null)
        : base(new Status(code, $"{reason}: {words}", cause), $"{reason}: {words}")
    {
        _reason = reason;
        _words = words;
    }

    /// <summary>How long the registry asked to be left alone; null when it did not ask.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The same failure, told as part of a larger operation: <c>what: message</c>.</summary>
    internal ImageException During(string what) => _reason is null
        ? new ImageException(StatusCode, $"{what}: {_words}", this) { RetryAfter = RetryAfter }
        : new ImageException(StatusCode, $"{what}: {_words}", _reason, this) { RetryAfter = RetryAfter };

    /// <summary>Classifies a failure of the local disk.</summary>
    internal static ImageException FromDisk(string what, IOException cause)
    {
        // The framework keeps the error number of a failed call as the HResult of its IOException, and so do we.
        var code = (Errno)cause.HResult switch
        {
            Errno.ENOSPC or Errno.EDQUOT or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE => StatusCode.ResourceExhausted,
            Errno.EROFS => StatusCode.FailedPrecondition,
            Errno.EIO => StatusCode.Unavailable,
            _ => StatusCode.Internal,
        };
        return new ImageException(code, $"{what}: {cause.Message}", cause);
    }
}
