using System.Text;

namespace Cri.Testing.Fuzz;

/// <summary>Changes valid inputs a little, or a little more, in ways that have broken readers before.</summary>
public sealed class Mutator(Random random, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> words)
{
    private const int StepsMax = 5;
    private const int LengthMax = 1 << 17;

    private static readonly byte[] _bytes = [0, 1, 0x1F, (byte)' ', (byte)'"', (byte)'/', (byte)'0', (byte)':', (byte)'\\', 0x7F, 0x80, 0xC0, 0xFF];

    private static readonly string[] _numbers =
    [
        "0", "-1", "1", "00000000000", "77777777777", "4294967295", "4294967296", "2147483648", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "1e400", "0.5", "1048577",
    ];

    /// <summary>The next input: a seed after a few changes.</summary>
    public byte[] Next()
    {
        var input = Pick(seeds).ToList();
        for (var steps = random.Next(1, StepsMax + 1); steps > 0; steps--)
        {
            Change(input);
        }

        return [.. input.Take(LengthMax)];
    }

    private void Change(List<byte> input)
    {
        var at = random.Next(input.Count + 1);
        var count = Math.Min(random.Next(1, random.Next(2) == 0 ? 8 : 600), input.Count - at);
        switch (random.Next(10))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = _bytes[random.Next(_bytes.Length)];
                break;
            case 2:
                input.Insert(at, (byte)random.Next(256));
                break;
            case 3:
                input.RemoveRange(at, count);
                break;
            case 4:
                input.InsertRange(random.Next(input.Count + 1), input.GetRange(at, count));
                break;
            case 5 when words.Count > 0:
                input.InsertRange(at, Pick(words));
                break;
            case 6:
                ReplaceNumber(input, at);
                break;
            case 7:
                Splice(input, at);
                break;
            case 8:
                input.RemoveRange(at, input.Count - at);
                break;
            default:
                input.InsertRange(at, Enumerable.Repeat(at < input.Count ? input[at] : (byte)'[', random.Next(1, 3000)));
                break;
        }
    }

    private void ReplaceNumber(List<byte> input, int from)
    {
        var start = input.FindIndex(from, value => char.IsAsciiDigit((char)value));
        if (start >= 0)
        {
            var end = input.FindIndex(start, value => !char.IsAsciiDigit((char)value));
            input.RemoveRange(start, (end < 0 ? input.Count : end) - start);
            input.InsertRange(start, Encoding.ASCII.GetBytes(_numbers[random.Next(_numbers.Length)]));
        }
    }

    private void Splice(List<byte> input, int at)
    {
        var other = Pick(seeds);
        var from = random.Next(other.Length + 1);
        input.RemoveRange(at, input.Count - at);
        input.AddRange(other.AsSpan(from));
    }

    private byte[] Pick(IReadOnlyList<byte[]> choices) => choices[random.Next(choices.Count)];
}
