using System.Globalization;

namespace Cri.PowerCuts;

/// <summary>
/// The processes that the tests run: <c>cuts FILE-SYSTEM DIRECTORY REGISTRY CUTS SEED</c>, which exits with 0 when all is well,
/// and <c>work ROOT REGISTRY SEED</c>, which pulls and removes until somebody kills it.
/// </summary>
public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["cuts", var type, var directory, var registry, var cuts, var seed]:
                return await CutAsync(new Volume(type, directory), registry, Number(cuts), Number(seed));
            case ["work", var root, var registry, var seed]:
                await new Work(root, registry, new Random(Number(seed))).RunAsync();
                return 0;
            default:
                await Console.Error.WriteLineAsync("usage: cuts FILE-SYSTEM DIRECTORY REGISTRY CUTS SEED | work ROOT REGISTRY SEED");
                return 2;
        }
    }

    private static async Task<int> CutAsync(Volume volume, string registry, int cuts, int seed)
    {
        try
        {
            var rounds = new Rounds(volume, registry, new Random(seed));
            await rounds.RunAsync(cuts);
            Console.WriteLine(rounds);
            return 0;
        }
        catch (Exception error)
        {
            await Console.Error.WriteLineAsync(error.ToString());
            return 1;
        }
        finally
        {
            volume.Remove();
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
