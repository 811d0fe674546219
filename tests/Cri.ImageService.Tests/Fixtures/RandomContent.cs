namespace Cri.ImageService.Tests.Fixtures;

/// <summary>Bytes that do not compress, the same ones for the same seed.</summary>
public static class RandomContent
{
    public static byte[] Of(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>An image whose layers each hold one file <c>bulk</c> of so many bytes.</summary>
    public static TestImage Image(int seed, params int[] sizes)
    {
        var image = new TestImage();
        for (var i = 0; i < sizes.Length; i++)
        {
            image.Layer(new LayerTar().File("bulk", Of(seed + i, sizes[i])), "none");
        }

        return image.Finish();
    }
}
