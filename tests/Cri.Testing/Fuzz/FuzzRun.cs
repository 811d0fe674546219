using System.Globalization;
using System.Text;
using Xunit;

namespace Cri.Testing.Fuzz;

/// <summary>
/// Many cases of one property, the same ones in each run unless the environment says otherwise: <c>CRISP_FUZZ_SEED</c> is where
/// the random numbers begin (a number, or <c>new</c> for another one each time), <c>CRISP_FUZZ_TIMES</c> how many times as many
/// cases to try. A failure tells the seed, the case and its input.
/// </summary>
public static class FuzzRun
{
    private const int DefaultSeed = 20_200_203;
    private const int ShownMax = 4096;

    // What one case may allocate in all: more would be a way to exhaust the memory.
    private const long AllocatedMax = 96L << 20;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <summary>Where the random numbers of this run begin.</summary>
    public static int Seed { get; } = Environment.GetEnvironmentVariable("CRISP_FUZZ_SEED") switch
    {
        null or "" => DefaultSeed,
        "new" => Random.Shared.Next(),
        var text => int.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>How many times as many cases as usual are tried.</summary>
    public static int Times { get; } =
        Environment.GetEnvironmentVariable("CRISP_FUZZ_TIMES") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;

    /// <summary>Tries inputs that a <see cref="Mutator"/> makes of the seeds and words.</summary>
    public static void Run(int cases, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> words, Action<byte[]> property) =>
        Run(cases, random => new Mutator(random, seeds, words).Next, property);

    /// <summary>Tries inputs from a source.</summary>
    public static void Run(int cases, Func<Random, Func<byte[]>> source, Action<byte[]> property)
    {
        var seed = Seed;
        var next = source(new Random(seed));
        var count = cases * Times;
        for (var number = 0; number < count; number++)
        {
            var input = next();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                property(input);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, case {number}, input {Show(input)}: {error}");
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < AllocatedMax, $"seed {seed}, case {number}: it allocated {allocated} bytes; input {Show(input)}");
        }
    }

    /// <summary>
    /// Tries inputs that a <see cref="Mutator"/> makes of the seeds and words on something that waits; a case that does not end is a failure.
    /// </summary>
    public static async Task RunAsync(int cases, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> words, Func<byte[], Task> property)
    {
        var mutator = new Mutator(new Random(Seed), seeds, words);
        for (var number = 0; number < cases * Times; number++)
        {
            var input = mutator.Next();
            try
            {
                await property(input).WaitAsync(_patience);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {Seed}, case {number}, input {Show(input)}: {error}");
            }
        }
    }

    /// <summary>The bytes of a text.</summary>
    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The bytes of some texts.</summary>
    public static byte[][] Texts(params string[] texts) => [.. texts.Select(Text)];

    private static string Show(byte[] input) =>
        $"of {input.Length} bytes, base64 {Convert.ToBase64String(input, 0, Math.Min(input.Length, ShownMax))}{(input.Length > ShownMax ? "..." : "")}";
}
