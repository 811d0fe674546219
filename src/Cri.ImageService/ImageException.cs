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
/// </list>
/// Messages never hold credentials.
/// </summary>
public sealed class ImageException : RpcException
{
    /// <summary>A failure with its code and its words.</summary>
    public ImageException(StatusCode code, string message, Exception? cause = null)
        : base(new Status(code, message, cause), message)
    {
    }

    /// <summary>The same failure, told as part of a larger operation: <c>what: message</c>.</summary>
    internal ImageException During(string what) => new(StatusCode, $"{what}: {Message}", this);

    /// <summary>Classifies a failure of the local disk.</summary>
    internal static ImageException FromDisk(string what, IOException cause)
    {
        var exhausted = cause is LinuxException { IsExhausted: true } || cause.HResult is (int)Errno.ENOSPC or (int)Errno.EDQUOT;
        return new ImageException(exhausted ? StatusCode.ResourceExhausted : StatusCode.Internal, $"{what}: {cause.Message}", cause);
    }
}
