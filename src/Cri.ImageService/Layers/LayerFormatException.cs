namespace Cri.ImageService.Layers;

/// <summary>A layer that cannot be accepted: damaged, hostile, or in a form that is not supported.</summary>
/// <param name="message">The entry, where there is one, and why.</param>
/// <param name="cause">What went wrong below, if anything.</param>
internal sealed class LayerFormatException(string message, Exception? cause = null) : Exception(message, cause);
