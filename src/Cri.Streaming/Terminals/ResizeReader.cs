using System.Text.Json;
using System.Threading.Channels;

namespace Cri.Streaming.Terminals;

/// <summary>
/// Reads the resize stream: JSON objects such as <c>{"Width":80,"Height":24}</c>, one after the other. Only the newest size is
/// kept for a slow reader. Sizes of 0 are skipped; what is no such object ends the resizing, and only that.
/// </summary>
internal static class ResizeReader
{
    private const int LargestObject = 1024;

    /// <summary>Where no resize stream is: no size, and none can come.</summary>
    internal static ChannelReader<TerminalSize> None { get; } = CompletedChannel();

    /// <summary>Begins to read.</summary>
    internal static ChannelReader<TerminalSize> Start(Stream input)
    {
        var sizes = Channel.CreateBounded<TerminalSize>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        _ = ReadAsync(input, sizes.Writer);
        return sizes.Reader;
    }

    private static async Task ReadAsync(Stream input, ChannelWriter<TerminalSize> sizes)
    {
        var buffer = new byte[LargestObject];
        var length = 0;
        try
        {
            while (length < buffer.Length && await input.ReadAsync(buffer.AsMemory(length)) is var count && count > 0)
            {
                length += count;
                for (int end; (end = buffer.AsSpan(0, length).IndexOf((byte)'}') + 1) > 0;)
                {
                    Write(buffer.AsSpan(0, end), sizes);
                    buffer.AsSpan(end, length - end).CopyTo(buffer);
                    length -= end;
                }
            }
        }
        catch (Exception error) when (error is IOException or JsonException or FormatException or InvalidOperationException)
        {
            // The client is gone, or does not speak of sizes.
        }

        sizes.TryComplete();
        await input.DisposeAsync();
    }

    private static void Write(ReadOnlySpan<byte> json, ChannelWriter<TerminalSize> sizes)
    {
        var reader = new Utf8JsonReader(json);
        ushort width = 0;
        ushort height = 0;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                width = "width".Equals(name, StringComparison.OrdinalIgnoreCase) ? reader.GetUInt16() : width;
                height = "height".Equals(name, StringComparison.OrdinalIgnoreCase) ? reader.GetUInt16() : height;
            }
        }

        if (width > 0 && height > 0)
        {
            sizes.TryWrite(new TerminalSize(width, height));
        }
    }

    private static ChannelReader<TerminalSize> CompletedChannel()
    {
        var sizes = Channel.CreateBounded<TerminalSize>(1);
        sizes.Writer.Complete();
        return sizes.Reader;
    }
}
