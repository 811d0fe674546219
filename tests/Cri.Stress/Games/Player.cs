using Cri.Stress.Histories;
using Cri.Stress.Models;

namespace Cri.Stress.Games;

/// <summary>
/// One client: it makes one call after the other, drawn from its seed, each about the game that it is given; some it gives up at
/// a random moment, and sometimes it sends two at the same time that are meant to get in each other's way.
/// </summary>
/// <param name="caller">Its connection.</param>
/// <param name="random">Its own numbers.</param>
/// <param name="busybox">An image that is always here.</param>
public sealed class Player(Caller caller, Random random, string busybox)
{
    private static readonly string[] _names = ["c0", "c1", "c2"];
    private static readonly string[] _variants = ["a", "a", "b", PodObject.Brief];

    /// <summary>Makes one move: mostly a call, sometimes two at once.</summary>
    public async Task MoveAsync(PodGame game)
    {
        var calls = new PodCalls(caller, game, busybox);
        var images = new ImageCalls(caller, game.Image);
        if (game.Pod(random) is not { } pod)
        {
            await Task.WhenAll(calls.RunAsync(PodVariant(), Patience()), random.Next(3) == 0 ? calls.RunAsync(PodVariant(), null) : Task.CompletedTask);
        }
        else if (random.Next(100) < 18)
        {
            await Task.WhenAll(Clash(calls, images, pod, game.Container(random)));
        }
        else
        {
            await Single(calls, images, pod, game.Container(random));
        }
    }

    private Task Single(PodCalls calls, ImageCalls images, string pod, string container) => random.Next(100) switch
    {
        < 7 => calls.RunAsync(PodVariant(), Patience()),
        < 9 => calls.StopAsync(pod, Patience()),
        < 11 => calls.RemoveAsync(pod, Patience()),
        < 25 => Create(calls, pod),
        < 39 => calls.StartAsync(container, Patience()),
        < 44 => calls.StopContainerAsync(container, random.Next(2), Patience()),
        < 49 => calls.RemoveContainerAsync(container, Patience()),
        < 57 => calls.ExecAsync(container, Patience()),
        < 60 => calls.ExecUrlAsync(container),
        < 65 => calls.UpdateAsync(container, 32 + random.Next(64), Patience()),
        < 68 => calls.ReopenAsync(container),
        < 73 => calls.ContainerStatusAsync(container),
        < 77 => calls.StatusAsync(pod),
        < 80 => calls.ListAsync(),
        < 83 => calls.ListContainersAsync(),
        < 86 => calls.ContainerStatsAsync(container),
        < 88 => calls.ListContainerStatsAsync(),
        < 90 => calls.StatsAsync(pod),
        < 93 => images.PullAsync(Patience()),
        < 95 => images.RemoveAsync(Patience()),
        < 97 => images.StatusAsync(),
        < 98 => images.ListAsync(),
        _ => BesideAsync(),
    };

    private Task[] Clash(PodCalls calls, ImageCalls images, string pod, string container) => random.Next(16) switch
    {
        0 => [calls.RunAsync("a", Patience()), calls.RunAsync("a", Patience())],
        1 => [calls.RunAsync("a", null), calls.RunAsync("b", null)],
        2 => [Create(calls, pod), calls.StopAsync(pod, Patience())],
        3 => [Create(calls, pod), calls.RemoveAsync(pod, null)],
        4 => [calls.StartAsync(container, Patience()), calls.RemoveContainerAsync(container, Patience())],
        5 => [calls.StartAsync(container, null), calls.StopAsync(pod, null)],
        6 => [calls.StartAsync(container, null), calls.StartAsync(container, Patience())],
        7 => [calls.StartAsync(container, null), calls.StopContainerAsync(container, 1, null)],
        8 => [calls.RemoveAsync(pod, null), calls.RemoveAsync(pod, Patience())],
        9 => [calls.RemoveContainerAsync(container, null), calls.RemoveContainerAsync(container, null)],
        10 => [calls.ExecAsync(container, Patience()), calls.StopContainerAsync(container, 0, null)],
        11 => [calls.ExecAsync(container, null), calls.ReopenAsync(container), calls.UpdateAsync(container, 48, null), calls.StopAsync(pod, null)],
        12 => [images.RemoveAsync(Patience()), images.PullAsync(Patience()), images.StatusAsync()],
        13 => [images.RemoveAsync(null), calls.CreateAsync(pod, Name(), "a", ofChangingImage: true, null)],
        14 => [Create(calls, pod), calls.ListContainersAsync(), calls.StatusAsync(pod)],
        _ => [calls.RemoveAsync(pod, Patience()), calls.RunAsync("a", Patience()), calls.ListAsync()],
    };

    // What tells nothing of a single pod, and must be answered all the same.
    private async Task BesideAsync()
    {
        await caller.Runtime.StatusAsync(new Api.V1.StatusRequest());
        await caller.Images.ImageFsInfoAsync(new Api.V1.ImageFsInfoRequest());
        await caller.Runtime.ListPodSandboxStatsAsync(new Api.V1.ListPodSandboxStatsRequest());
        await caller.Runtime.ListPodSandboxMetricsAsync(new Api.V1.ListPodSandboxMetricsRequest());
        using var events = caller.Runtime.GetContainerEvents(new Api.V1.GetEventsRequest());
        await Task.Delay(random.Next(5));
    }

    private Task<Answer> Create(PodCalls calls, string pod) =>
        calls.CreateAsync(pod, Name(), _variants[random.Next(_variants.Length)], random.Next(5) == 0, Patience());

    private string Name() => _names[random.Next(_names.Length)];

    private string PodVariant() => random.Next(5) == 0 ? "b" : "a";

    // Every tenth call that changes something is given up.
    private TimeSpan? Patience() => random.Next(10) == 0 ? TimeSpan.FromMilliseconds(random.Next(120)) : null;
}
