namespace Cri.PowerCuts;

/// <summary>
/// Cut after cut on one volume. Each round 1 starts the stores as a server does; 2 checks what is there; 3 begins pulls and
/// removals; 4 cuts the power at a random moment; 5 learns which of them had succeeded; 6 brings the volume back.
/// </summary>
public sealed class Rounds(Volume volume, string registry, Random random)
{
    private readonly ImageLedger _ledger = new(volume.Root, registry);
    private int _pulled;
    private int _removed;
    private int _broken;
    private int _late;

    public async Task RunAsync(int cuts)
    {
        var round = await MeasureAsync();
        for (var cut = 0; cut < cuts; cut++)
        {
            using (var stores = new Stores(volume.Root))
            {
                // A quarter of the cuts comes while what the last one left is being removed.
                if (random.Next(4) > 0)
                {
                    await _ledger.CheckAsync(stores);
                }
                else
                {
                    _ledger.Learn(stores);
                }

                await CutAsync(stores, round);
            }

            volume.Restore();
        }

        using var last = new Stores(volume.Root);
        await _ledger.CheckAsync(last);
    }

    public override string ToString() =>
        $"{_pulled} pulls and {_removed} removals succeeded before their cut, {_broken} were broken off, {_late} of them too late; {_ledger.Compared} images verified after cuts";

    // How long a few pulls take here, so that cuts come in the midst of them; the second time, when the code is warm.
    private async Task<TimeSpan> MeasureAsync()
    {
        using var stores = new Stores(volume.Root);
        var started = 0L;
        for (var time = 0; time < 2; time++)
        {
            started = System.Diagnostics.Stopwatch.GetTimestamp();
            foreach (var image in CutImage.All)
            {
                await stores.PullAsync(_ledger.NameOf(image), CancellationToken.None);
                await stores.RemoveAsync(_ledger.NameOf(image));
            }
        }

        return System.Diagnostics.Stopwatch.GetElapsedTime(started) / 3;
    }

    private async Task CutAsync(Stores stores, TimeSpan round)
    {
        using var cancellation = new CancellationTokenSource();
        List<CutImage> chosen = [.. CutImage.All.OrderBy(_ => random.Next()).Take(random.Next(1, 5))];
        List<(CutImage Image, bool IsPull, Task Task)> running =
            [.. chosen.Select(image => _ledger.Has(image)
                ? (image, false, Task.Run(() => stores.RemoveAsync(_ledger.NameOf(image))))
                : (image, true, Task.Run(() => stores.PullAsync(_ledger.NameOf(image), cancellation.Token))))];
        await Task.Delay(round * random.NextDouble());

        // What succeeds from here on, nobody learns of: xfs lets the fsync of a directory succeed whose changes the cut took.
        List<bool> told = [.. running.Select(one => one.Task.IsCompletedSuccessfully)];
        volume.Cut();
        await cancellation.CancelAsync();
        foreach (var ((image, isPull, task), succeeded) in running.Zip(told))
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _late += task.IsCompletedSuccessfully && !succeeded ? 1 : 0;
            Note(image, isPull, succeeded);
        }
    }

    private void Note(CutImage image, bool isPull, bool succeeded)
    {
        if (succeeded)
        {
            _ledger.Note(image, isPull);
            _ = isPull ? _pulled++ : _removed++;
        }
        else
        {
            _ledger.NoteBroken(image);
            _broken++;
        }
    }
}
