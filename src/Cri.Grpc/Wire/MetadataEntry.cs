using Grpc.Core;

namespace Cri.Grpc.Wire;

/// <summary>Makes metadata entries of received headers.</summary>
internal static class MetadataEntry
{
    /// <summary>A header as an entry; a "-bin" value that is not base64 becomes no bytes.</summary>
    public static Metadata.Entry FromWire(string name, string value)
    {
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return new Metadata.Entry(name, value);
        }

        // Senders may leave the padding out.
        var padded = value.PadRight((value.Length + 3) / 4 * 4, '=');
        var bytes = new byte[padded.Length];
        return new Metadata.Entry(name, Convert.TryFromBase64String(padded, bytes, out var count) ? bytes[..count] : []);
    }
}
