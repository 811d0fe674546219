using System.Diagnostics;
using Cri.ImageService.Tests.Fixtures;
using Xunit.Abstractions;

namespace Cri.PowerCuts;

/// <summary>Pulls and removals of images by a process that is killed at a random moment, again and again over one root.</summary>
public sealed class KillTests(ITestOutputHelper log) : IDisposable
{
    private const int Kills = 8;
    private const int LatestMilliseconds = 600;

    private readonly DistributionRegistry _registry = new();
    private readonly TemporaryDirectory _directory = new();

    public void Dispose()
    {
        _registry.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task PullsAndRemovals_KilledAtAnyMoment_LoseNothingAndLeaveNothing()
    {
        var seed = Random.Shared.Next();
        log.WriteLine($"seed {seed}");
        var random = new Random(seed);
        foreach (var image in CutImage.All)
        {
            _registry.Push(image.Image, image.Repository);
        }

        var ledger = new ImageLedger(_directory.Path, _registry.Host);
        for (var kill = 0; kill < Kills; kill++)
        {
            foreach (var line in await RunAndKillAsync(random))
            {
                log.WriteLine(line);
                Note(ledger, line.Split(' '));
            }

            using var stores = new Stores(_directory.Path);
            await ledger.CheckAsync(stores);
        }
    }

    private static void Note(ImageLedger ledger, string[] words)
    {
        if (words is not [var step, var what, var repository])
        {
            return;
        }

        var image = CutImage.All.Single(image => image.Repository == repository);
        if (step == "begin")
        {
            ledger.NoteBroken(image);
        }
        else
        {
            ledger.Note(image, isPresent: what == "pull");
        }
    }

    private async Task<string[]> RunAndKillAsync(Random random)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [
            typeof(KillTests).Assembly.Location, "work", _directory.Path, _registry.Host, $"{random.Next()}"])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        var output = process.StandardOutput.ReadToEndAsync();
        await Task.Delay(random.Next(LatestMilliseconds));
        process.Kill();
        await process.WaitForExitAsync();
        return (await output).Split('\n');
    }
}
