namespace Cri.ImageService.Registry;

/// <summary>Reads small documents whole, and never more than is reasonable for them, nor at any slowness.</summary>
internal static class BoundedBody
{
    /// <summary>The largest manifest or index, in bytes: what registries accept.</summary>
    internal const int ManifestMax = 4 << 20;

    /// <summary>The largest image configuration, in bytes.</summary>
    internal const int ConfigMax = 8 << 20;

    /// <summary>The largest answer of a token server, in bytes.</summary>
    internal const int TokenMax = 1 << 20;

    /// <summary>The whole body.</summary>
    /// <exception cref="TimeoutException">It came to a standstill, or too slowly.</exception>
    /// <exception cref="InvalidDataException">It is longer than <paramref name="max"/> bytes.</exception>
    internal static async Task<byte[]> ReadAsync(
        HttpResponseMessage response, int max, ImageServiceOptions options, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > max)
        {
            throw new InvalidDataException($"{response.Content.Headers.ContentLength} bytes are beyond the limit of {max}");
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var clock = Clock(options, cancellation);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int count;
        while ((count = await clock.ReadAsync(body, chunk)) > 0)
        {
            buffer.Write(chunk, 0, count);
            if (buffer.Length > max)
            {
                throw new InvalidDataException($"more than the limit of {max} bytes");
            }
        }

        return buffer.ToArray();
    }

    /// <summary>At most the first <paramref name="max"/> bytes, for showing.</summary>
    internal static async Task<byte[]> ReadStartAsync(
        HttpResponseMessage response, int max, ImageServiceOptions options, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var clock = Clock(options, cancellation);
        var start = new byte[max];
        var (count, read) = (0, 0);
        while (count < max && (read = await clock.ReadAsync(body, start.AsMemory(count))) > 0)
        {
            count += read;
        }

        return start[..count];
    }

    private static StallClock Clock(ImageServiceOptions options, CancellationToken cancellation) =>
        new(options.StallTimeout, options.MinBytesPerSecond, cancellation);
}
