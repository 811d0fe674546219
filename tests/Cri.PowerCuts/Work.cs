namespace Cri.PowerCuts;

/// <summary>Pulls and removes images at random, several at once, and says of each when it begins and when it has succeeded.</summary>
public sealed class Work(string root, string registry, Random random)
{
    private const int Workers = 2;

    private readonly ImageLedger _ledger = new(root, registry);

    public async Task RunAsync()
    {
        using var stores = new Stores(root);
        await stores.Snapshots.SweepAsync([]);
        Console.WriteLine("ready");
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => RunAsync(stores, worker, new Random(random.Next()))));
    }

    private async Task RunAsync(Stores stores, int worker, Random dice)
    {
        List<CutImage> ours = [.. CutImage.All.Where((_, i) => i % Workers == worker)];
        while (true)
        {
            var image = ours[dice.Next(ours.Count)];
            var isPull = stores.Images.Find(_ledger.NameOf(image)) is null;
            var what = $"{(isPull ? "pull" : "removal")} {image.Repository}";
            Console.WriteLine($"begin {what}");
            await (isPull ? stores.PullAsync(_ledger.NameOf(image), CancellationToken.None) : stores.RemoveAsync(_ledger.NameOf(image)));
            Console.WriteLine($"end {what}");
        }
    }
}
