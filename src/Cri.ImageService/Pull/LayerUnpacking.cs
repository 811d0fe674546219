using System.IO.Pipelines;
using Cri.ImageService.Layers;
using Cri.ImageService.Layers.Recipes;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>One layer on its way from compressed bytes to a tree, in one pass: two threads, and a small window in memory.</summary>
/// <param name="source">The layer.</param>
/// <param name="unfinished">Where its tree and its recipe go.</param>
/// <param name="limits">What it may unpack to.</param>
/// <param name="kept">Takes the compressed bytes as well; null when nobody wants them.</param>
internal sealed class LayerUnpacking(LayerSource source, UnfinishedLayer unfinished, LayerLimits limits, KeptBlob? kept)
{
    /// <summary>Reads all of <paramref name="reader"/> and completes it. Blocks.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: the layer is not acceptable.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    internal ExtractedTree Run(PipeReader reader)
    {
        var compressed = kept is null ? reader.AsStream(leaveOpen: true) : new KeepingStream(reader.AsStream(leaveOpen: true), kept);
        try
        {
            return Unpack(compressed, Peek(reader));
        }
        catch (Exception error) when (error is LayerFormatException or InvalidDataException)
        {
            // Damage is told best by the digest of the whole, which the download has only at its end.
            compressed.CopyTo(Stream.Null);
            throw new ImageException(StatusCode.FailedPrecondition, $"layer {source.Blob.Digest}: {error.Message}", error);
        }
        finally
        {
            reader.Complete();
        }
    }

    private ExtractedTree Unpack(Stream compressed, byte[] magic)
    {
        var meter = new UnpackMeter(limits, source.Blob.Size, source.ImageTotals);
        using var plain = LayerCompression.Open(compressed, magic);
        using var hashing = new HashingStream(new MeteredStream(plain, meter), source.DiffId);
        var tree = Extract(hashing, meter);
        var actual = hashing.Finish();
        compressed.CopyTo(Stream.Null);
        return actual == source.DiffId ? tree : throw new LayerFormatException(
            $"its uncompressed content has digest {actual}, the image configuration says {source.DiffId}");
    }

    private ExtractedTree Extract(Stream archive, UnpackMeter meter)
    {
        using var ahead = new ReadAheadStream(archive);
        using var recipe = RecipeWriter.Create(unfinished.Path);
        return LayerExtractor.Extract(ahead, unfinished.TreePath, recipe, meter);
    }

    private static byte[] Peek(PipeReader reader)
    {
        var result = reader.ReadAtLeastAsync(LayerCompression.MagicLength).AsTask().GetAwaiter().GetResult();
        var start = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, LayerCompression.MagicLength));
        var magic = System.Buffers.BuffersExtensions.ToArray(start);
        reader.AdvanceTo(result.Buffer.Start);
        return magic;
    }
}
