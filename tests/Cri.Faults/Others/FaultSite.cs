using System.Diagnostics;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>
/// A crispd with a pod that no fault is aimed at. After each fault that pod must be as it was, the fault's own pod must leave nothing,
/// and a pod of the same name must run.
/// </summary>
public class FaultSite : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new("faults", "/var/tmp");
    private const int LogExcerpt = 4000;
    private HashSet<string> _before = [];
    private TestContainer _bystander = null!;
    private int _bystanderPid;

    /// <summary>The endpoint.</summary>
    public CriEndpoint Cri { get; private set; } = null!;

    /// <summary>The crispd behind it.</summary>
    public CrispdFixture Crispd => Cri.Crispd!;

    /// <summary>The container that no fault is aimed at.</summary>
    protected TestContainer Bystander => _bystander;

    /// <summary>What crispd runs with.</summary>
    protected virtual NodeSettings Settings => NodeSettings.FromEnvironment;

    /// <summary>A directory for the fault's own files.</summary>
    protected string Scratch => _directory.Path;

    /// <inheritdoc/>
    public virtual async Task InitializeAsync()
    {
        Cri = await CriEndpoint.StartAsync(Settings);
        await WatchBystanderAsync();
    }

    /// <summary>Starts the pod that no fault is aimed at, and takes what is there then for what is always there.</summary>
    protected async Task WatchBystanderAsync()
    {
        _bystander = await (await TestPod.RunAsync(Cri)).StartAsync(["sleep", "100000"]);
        _bystanderPid = await _bystander.PidAsync();

        // A start is over before the runtime's process has become the container's.
        await Eventually.HoldsAsync(() => Processes("sleep", "100000").Contains(_bystanderPid), "the bystander is what it shall be");
        _before = [.. Cri.Leaks.Find().Select(WithoutNumbers)];
    }

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        try
        {
            await _bystander.Pod.DisposeAsync();
            await Cri.RemovePodsAsync();
            await Cri.Leaks.AssertNothingAsync();
        }
        finally
        {
            await Cri.DisposeAsync();
            _directory.Dispose();
        }
    }

    /// <summary>Runs what injects a fault, and records it with what it cost.</summary>
    public async Task TryAsync(string fault, string point, Func<Task> act)
    {
        try
        {
            await act();
            await IsAsBeforeAsync();
            FaultTable.Record(fault, point);
        }
        catch (Exception lost)
        {
            FaultTable.Record(fault, point, lost.Message.Split('\n')[0]);
            await RemoveOthersAsync();
            throw new InvalidOperationException($"{fault}, {point}: {lost.Message}\ncrispd: {Crispd.Log[^Math.Min(Crispd.Log.Length, LogExcerpt)..]}", lost);
        }
    }

    /// <summary>The error of a call that must fail with one of these codes and name <paramref name="named"/>.</summary>
    public static async Task<RpcException> FailsAsync(Func<Task> call, string named, params StatusCode[] codes)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.True(codes.Contains(error.StatusCode), $"{error.StatusCode}: {error.Status.Detail}");
        Assert.Contains(named, error.Status.Detail, StringComparison.Ordinal);
        return error;
    }

    /// <summary>Waits until only what was there before is there, and checks that the bystander never noticed.</summary>
    public async Task IsAsBeforeAsync()
    {
        await Eventually.GetAsync(
            () => Task.FromResult(string.Join('\n', Cri.Leaks.Find().Select(WithoutNumbers).Where(left => !_before.Contains(left)))),
            left => left.Length == 0,
            "nothing is left of the fault");
        Assert.Equal(ContainerState.ContainerRunning, (await _bystander.StatusAsync()).State);
        Assert.Equal(PodSandboxState.SandboxReady, (await _bystander.Pod.StatusAsync()).State);
        Assert.Equal(_bystanderPid, await _bystander.PidAsync());
        Assert.Equal("here", await _bystander.ShellAsync("echo here"));
    }

    /// <summary>Runs a pod of this configuration with a container to its end, and removes it.</summary>
    public async Task WorksAsync(PodSandboxConfig? config = null)
    {
        await using var pod = await TestPod.RunAsync(Cri, config is null ? null : wanted => wanted.MergeFrom(Named(config)));
        Assert.Equal("works", await pod.OutputAsync("echo works"));
    }

    /// <summary>Removes what a fault may have left of the pod of this configuration, and does as <see cref="WorksAsync"/>.</summary>
    public async Task WorksAgainAsync(PodSandboxConfig config)
    {
        foreach (var made in (await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items.Where(made => made.Metadata.Uid == config.Metadata.Uid))
        {
            await Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = made.Id });
        }

        await WorksAsync(config);
    }

    /// <summary>True while a process runs; one that only waits to be reaped by whoever adopted it does not.</summary>
    public static bool Runs(int pid) => Arguments(pid) is [{ Length: > 0 }, ..];

    /// <summary>The pids of processes that were started with all these arguments.</summary>
    public static IReadOnlyList<int> Processes(params string[] arguments) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Arguments(pid) is var given && arguments.All(given.Contains)),
    ];

    // One fault that was not survived is not to be found again in the tests after it.
    private async Task RemoveOthersAsync()
    {
        try
        {
            foreach (var pod in (await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items.Where(pod => pod.Id != _bystander.Pod.Id))
            {
                await Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id });
                await Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = pod.Id });
            }
        }
        catch (RpcException)
        {
            // The failure that led here is the one to report.
        }
    }

    private static string[] Arguments(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static PodSandboxConfig Named(PodSandboxConfig config) => new() { Metadata = config.Metadata.Clone() };

    // A process that only lives for a moment, as one of an exec, has another pid at each look.
    private static string WithoutNumbers(string leak) => leak.StartsWith("process ", StringComparison.Ordinal) ? leak[(leak.IndexOf(':') + 1)..] : leak;
}
