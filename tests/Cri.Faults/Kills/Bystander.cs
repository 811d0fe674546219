using Cri.Api.V1;
using Cri.Testing.Pods;

namespace Cri.Faults.Kills;

/// <summary>
/// A pod that has nothing to do with what goes on around it. One container of it counts in its log without end; others end when
/// they are told to, with a code of their own.
/// </summary>
public sealed class Bystander
{
    /// <summary>The command that it waits with between two lines.</summary>
    public const string Sleep = "sleep 0.1";

    private const string Count = $"i=0; while :; do echo $i; i=$((i+1)); {Sleep}; done";
    private readonly TestPod _pod;
    private readonly TestContainer _counter;
    private readonly ContainerStatus _first;
    private TestContainer? _ending;
    private string _door = "";

    private Bystander(TestPod pod, TestContainer counter, ContainerStatus first) => (_pod, _counter, _first) = (pod, counter, first);

    /// <summary>Starts it.</summary>
    public static async Task<Bystander> StartAsync(CriEndpoint cri)
    {
        var pod = await TestPod.RunAsync(cri);
        var counter = await pod.StartScriptAsync(Count);
        await counter.LoggedAsync("1");
        return new Bystander(pod, counter, await counter.StatusAsync());
    }

    /// <summary>Starts a container that ends when <see cref="EndOneAsync"/> says so.</summary>
    public async Task PrepareEndAsync()
    {
        _ending = await _pod.StartScriptAsync("until test -e /go; do sleep 0.05; done; exit 21");
        _door = $"/proc/{await _ending.PidAsync()}/root/go";
    }

    /// <summary>Has that container end, while nobody may be there to see it; returns when it is gone.</summary>
    public async Task EndOneAsync()
    {
        await File.WriteAllTextAsync(_door, "");
        var process = Path.GetDirectoryName(Path.GetDirectoryName(_door))!;
        await Eventually.HoldsAsync(() => !Directory.Exists(process), "the container that was told to end has ended");
    }

    /// <summary>What it says of that end is right; removes the container.</summary>
    /// <param name="from">When it was told to end, Unix nanoseconds.</param>
    /// <param name="to">When it was gone.</param>
    public async Task CheckEndAsync(long from, long to)
    {
        var status = await _ending!.ExitAsync();
        Assert.Equal((21, "Error"), (status.ExitCode, status.Reason));

        // The shim writes the exit down after the process is gone.
        Assert.InRange(status.FinishedAt, from, to + (long)Eventually.Patience.TotalNanoseconds);
        await _ending.RemoveAsync();
    }

    /// <summary>It has noticed nothing: it runs since when it was started, no line of its log is lost or doubled, and it goes on.</summary>
    public async Task CheckAsync()
    {
        var status = await _counter.StatusAsync();
        Assert.Equal((ContainerState.ContainerRunning, _first.StartedAt), (status.State, status.StartedAt));
        var lines = _counter.Log.Count;
        await Eventually.HoldsAsync(() => _counter.Log.Count > lines, "the bystander goes on");
        CheckLog();
    }

    /// <summary>Ends and removes it.</summary>
    public async Task EndAsync()
    {
        await _counter.StopAsync(0);
        var status = await _counter.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, 137), (status.State, status.ExitCode));
        CheckLog();
        await _pod.DisposeAsync();
    }

    private void CheckLog()
    {
        var numbers = _counter.Log.Select(line => int.Parse(line.Text, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
    }
}
