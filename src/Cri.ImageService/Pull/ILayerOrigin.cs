using System.IO.Pipelines;
using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>Where the compressed bytes of layers come from.</summary>
internal interface ILayerOrigin
{
    /// <summary>Copies a layer into <paramref name="sink"/>, which the caller completes, and verifies its size and digest.</summary>
    /// <param name="blob">The layer.</param>
    /// <param name="sink">Takes the bytes; when its reader has given up, copying ends.</param>
    /// <param name="progress">Is told how many bytes are here.</param>
    /// <param name="cancellation">Breaks it off.</param>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the content is not that of the blob; or it cannot be had.</exception>
    /// <exception cref="IOException">A local file cannot be read.</exception>
    Task CopyAsync(Descriptor blob, PipeWriter sink, Action<long> progress, CancellationToken cancellation);
}
