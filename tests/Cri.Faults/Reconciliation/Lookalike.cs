using System.Diagnostics;
using Cri.Testing;
using Cri.Testing.Pods;

namespace Cri.Faults.Reconciliation;

/// <summary>A process whose arguments are those of a shim, and which does nothing.</summary>
internal sealed class Lookalike : IDisposable
{
    private readonly TemporaryDirectory _directory = new("lookalike");
    private readonly Process _process;

    private Lookalike(string before, string id, string bundle)
    {
        // A shell that reads its script from the file "serve" has the rest as arguments. It waits where it can be interrupted: one that
        // starts programs is in state D at times, when nobody asks a process for its arguments.
        Command.Run("mkfifo", $"{_directory.Path}/never");
        _directory.File("serve", "read line <never\n");
        var start = new ProcessStartInfo("/usr/bin/unshare") { WorkingDirectory = _directory.Path };
        foreach (var argument in (string[])["-m", "--propagation", "private", "sh", "-c", $"{before}exec sh serve --id {id} --bundle {bundle}"])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    internal bool HasEnded => _process.HasExited;

    /// <summary>One that sees the directories as we do.</summary>
    internal static Task<Lookalike> StartAsync(string id, string bundle) => StartAsync("", id, bundle);

    /// <summary>One that sees another directory at the place of <paramref name="hidden"/>, as in a container of its own.</summary>
    internal static Task<Lookalike> StartElsewhereAsync(string id, string bundle, string hidden) =>
        StartAsync($"mount -t tmpfs none {hidden} && ", id, bundle);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
        _process.Dispose();
        _directory.Dispose();
    }

    private static async Task<Lookalike> StartAsync(string before, string id, string bundle)
    {
        var lookalike = new Lookalike(before, id, bundle);
        var line = $"/proc/{lookalike._process.Id}/cmdline";
        await Eventually.HoldsAsync(
            () => lookalike.HasEnded || File.ReadAllText(line).StartsWith("sh\0serve\0--id", StringComparison.Ordinal), "the lookalike runs");
        return lookalike;
    }
}
