using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;

namespace Cri.Faults.Kills;

/// <summary>A node on which crispd dies again and again, beside a pod that must not notice.</summary>
public sealed class KillNode : IAsyncLifetime
{
    // Enough for crispd to freeze a container for a checkpoint, which then fails.
    private const string NoCriu = "#!/bin/sh\ncase $1 in --version) echo Version: 3.17.1;; check) ;; *) exit 1;; esac\n";
    private readonly string _programs = Path.Combine("/var/tmp", $"crisp-programs-{Guid.NewGuid():N}");
    private IReadOnlyList<string> _held = [];
    private Contents _contents = null!;
    private bool _isBroken = true;

    /// <summary>The node.</summary>
    public CriEndpoint Cri { get; private set; } = null!;

    /// <summary>Its crispd.</summary>
    public CrispdFixture Crispd => Cri.Crispd!;

    /// <summary>The pod that must not notice.</summary>
    public Bystander Bystander { get; private set; } = null!;

    /// <summary>The reference of an image that is not on the node; pods have it as a volume.</summary>
    public string Image { get; private set; } = "";

    public Task InitializeAsync()
    {
        var criu = Path.Combine(Directory.CreateDirectory(_programs).FullName, "criu");
        File.WriteAllText(criu, NoCriu);
        File.SetUnixFileMode(criu, (UnixFileMode)0b111_101_101);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (!_isBroken)
        {
            await Bystander.EndAsync();
            await Cri.RemovePodsAsync();
            await Cri.Leaks.AssertNothingAsync();
        }

        await RemoveAsync();
        Directory.Delete(_programs, recursive: true);
    }

    /// <summary>Runs one trial on it, and records what became of it; a trial that fails costs the node, and the next gets a new one.</summary>
    public async Task TryAsync(string fault, string point, Func<Task<bool>> trial)
    {
        if (_isBroken)
        {
            await RenewAsync();
        }

        _isBroken = true;
        try
        {
            if (await trial())
            {
                FaultTable.Record(fault, point);
            }
        }
        catch (Exception lost)
        {
            FaultTable.Record(fault, point, lost.Message.Split('\n')[0]);
            throw new InvalidOperationException($"{fault} at {point}: {lost.Message}\n{Tail(Crispd.Log)}", lost);
        }

        _isBroken = false;
    }

    /// <summary>Kills crispd and starts it with a fault armed; false when that has killed it already.</summary>
    public async Task<bool> ArmAsync(string fault)
    {
        await Crispd.KillAsync();
        if (!await Crispd.TryStartAsync(fault))
        {
            return false;
        }

        Cri.Reconnect();
        return true;
    }

    /// <summary>Starts crispd after its death; everything is wholly there or wholly gone.</summary>
    public async Task ReviveAsync()
    {
        await Crispd.StartAsync();
        Cri.Reconnect();
        await WholenessCheck.RunAsync(Cri);
    }

    /// <summary>Does something; false when crispd died meanwhile.</summary>
    public async Task<bool> SurvivesAsync(Func<Task> step)
    {
        try
        {
            await step();
            return true;
        }
        catch (RpcException gone) when (gone.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled)
        {
            // The connection may end a little before the process is seen to have ended.
            if (await Crispd.DiesAsync())
            {
                return false;
            }

            throw;
        }
    }

    /// <summary>Starts a new bystander, when there is none any more; what the node holds with it is what it must hold later.</summary>
    public async Task RestoreBystanderAsync()
    {
        Bystander = await Bystander.StartAsync(Cri);
        await Crispd.KillAsync();
        await ReviveAsync();
        _held = [.. Held()];
        _contents = Contents.Of(Crispd);
    }

    /// <summary>The node holds and has on disk what it had before the first trial.</summary>
    public async Task CheckLeftoversAsync()
    {
        var left = await Eventually.GetAsync(
            () => Task.FromResult(string.Join('\n', [.. Held().Except(_held), .. _contents.ChangesIn(Contents.Of(Crispd))])),
            text => text.Length == 0,
            "nothing is left over");
        Assert.Empty(left);
    }

    // What the bystander sleeps by is another process each time.
    private IEnumerable<string> Held() => Cri.Leaks.Find().Where(leak => !leak.EndsWith($": {Bystander.Sleep} ", StringComparison.Ordinal));

    private static string Tail(string log) => string.Join('\n', log.Split('\n').TakeLast(60));

    private async Task RenewAsync()
    {
        await RemoveAsync();
        Cri = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with { Programs = _programs });
        Image = await Cri.Registry.PushAsync(new TestImage { Name = "life:latest", Files = [TestFile.Text("hello", "hello\n")] });

        // What the first pod with a shared PID namespace makes for all of them, and what a restart leaves in order.
        await using (await TestPod.RunAsync(Cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod))
        {
        }

        await RestoreBystanderAsync();
    }

    private async Task RemoveAsync()
    {
        if (Cri is not null)
        {
            await Cri.DisposeAsync();
        }
    }
}
