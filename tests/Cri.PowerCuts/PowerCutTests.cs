using System.Diagnostics;
using System.Globalization;
using Cri.ImageService.Tests.Fixtures;
using Xunit.Abstractions;

namespace Cri.PowerCuts;

/// <summary>
/// Pulls and removals of images that a power cut ends at a random moment, again and again on one file system, with a real
/// registry. CRISP_POWER_CUTS is how many cuts on each file system, CRISP_POWER_CUT_SEED where the dice begin.
/// </summary>
public sealed class PowerCutTests(ITestOutputHelper log) : IDisposable
{
    private const string Default = "50";
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(9);

    private readonly DistributionRegistry _registry = new();
    private readonly TemporaryDirectory _directory = new();

    public void Dispose()
    {
        _registry.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public async Task PullsAndRemovals_PowerCutAtAnyMoment_LoseNothingAndLeaveNothing(string fileSystem)
    {
        var cuts = Environment.GetEnvironmentVariable("CRISP_POWER_CUTS") ?? Default;
        var seed = Environment.GetEnvironmentVariable("CRISP_POWER_CUT_SEED") ?? Random.Shared.Next().ToString(CultureInfo.InvariantCulture);
        foreach (var image in CutImage.All)
        {
            _registry.Push(image.Image, image.Repository);
        }

        var (code, output) = await RunAsync(["cuts", fileSystem, _directory.Path, _registry.Host, cuts, seed]);

        log.WriteLine($"seed {seed}: {output}");
        Assert.True(code == 0, $"seed {seed}, exit code {code}:\n{output}");
    }

    // With mounts of its own, it takes them along when it ends, whatever way it does; and nobody else holds them.
    private static async Task<(int Code, string Output)> RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("unshare", [
            "--mount", "--propagation", "private", Environment.ProcessPath!, typeof(PowerCutTests).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(_longest);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output + await errors);
    }
}
