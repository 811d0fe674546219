using System.Buffers.Binary;
using System.Numerics;

namespace Cri.ImageService.Layers.Recipes;

/// <summary>
/// A running sum of a file's content, which finds damage, not intent. Four lanes take a 64-bit word each in turn, by a step that
/// two different words never leave in the same state; it needs no instruction that a processor may lack, and costs a tenth of a
/// second for a gigabyte. The value does not depend on how the content is cut.
/// </summary>
internal sealed class ContentSum
{
    private const ulong Factor = 0x9E3779B97F4A7C15;
    private const int Rotation = 31;
    private const int StripeSize = 4 * sizeof(ulong);

    private readonly byte[] _partial = new byte[StripeSize];
    private ulong _lane0;
    private ulong _lane1;
    private ulong _lane2;
    private ulong _lane3;
    private long _length;

    internal ContentSum() => Reset();

    /// <summary>The sum of everything so far; 63 bits.</summary>
    internal long Value
    {
        get
        {
            // Zeros stand in for what the last stripe lacks; the length tells them from zeros of the content.
            Span<byte> last = stackalloc byte[StripeSize];
            _partial.AsSpan(0, (int)(_length % StripeSize)).CopyTo(last);
            var sum = (ulong)_length;
            for (var i = 0; i < StripeSize; i += sizeof(ulong))
            {
                sum = Step(sum, BinaryPrimitives.ReadUInt64LittleEndian(last[i..]));
            }

            sum = Step(Step(Step(Step(sum, _lane0), _lane1), _lane2), _lane3);
            return (long)((sum ^ (sum >> 29)) >> 1);
        }
    }

    internal void Reset() => (_lane0, _lane1, _lane2, _lane3, _length) = (1, 2, 3, 4, 0);

    internal void Append(ReadOnlySpan<byte> content)
    {
        var pending = (int)(_length % StripeSize);
        _length += content.Length;
        if (pending > 0)
        {
            var taken = Math.Min(content.Length, StripeSize - pending);
            content[..taken].CopyTo(_partial.AsSpan(pending));
            content = content[taken..];
            if (pending + taken < StripeSize)
            {
                return;
            }

            AppendStripes(_partial);
        }

        var whole = content.Length - (content.Length % StripeSize);
        AppendStripes(content[..whole]);
        content[whole..].CopyTo(_partial);
    }

    private void AppendStripes(ReadOnlySpan<byte> stripes)
    {
        var (lane0, lane1, lane2, lane3) = (_lane0, _lane1, _lane2, _lane3);
        for (; stripes.Length >= StripeSize; stripes = stripes[StripeSize..])
        {
            lane0 = Step(lane0, BinaryPrimitives.ReadUInt64LittleEndian(stripes));
            lane1 = Step(lane1, BinaryPrimitives.ReadUInt64LittleEndian(stripes[8..]));
            lane2 = Step(lane2, BinaryPrimitives.ReadUInt64LittleEndian(stripes[16..]));
            lane3 = Step(lane3, BinaryPrimitives.ReadUInt64LittleEndian(stripes[24..]));
        }

        (_lane0, _lane1, _lane2, _lane3) = (lane0, lane1, lane2, lane3);
    }

    private static ulong Step(ulong state, ulong word) => BitOperations.RotateLeft((state ^ word) * Factor, Rotation);
}
