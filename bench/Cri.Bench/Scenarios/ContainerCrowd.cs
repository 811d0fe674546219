namespace Cri.Bench.Scenarios;

/// <summary>Many running containers, fifty to a pod, that grow in number.</summary>
public sealed class ContainerCrowd(Endpoint endpoint, BenchOptions options)
{
    private const int PerPod = 50;
    private readonly List<(BenchPod Pod, string Container)> _containers = [];

    /// <summary>The containers with their pods.</summary>
    public IReadOnlyList<(BenchPod Pod, string Container)> Containers => _containers;

    /// <summary>Starts containers until there are so many, two at once.</summary>
    public async Task GrowAsync(int count)
    {
        while (_containers.Count < count)
        {
            var pod = _containers.Count % PerPod == 0 ? await BenchPod.New(endpoint, options).RunAsync() : _containers[^1].Pod;
            var room = Math.Min(PerPod - (_containers.Count % PerPod), count - _containers.Count);
            var started = await Task.WhenAll(Enumerable.Range(0, Math.Min(room, 2)).Select(async _ => await pod.StartAsync(await pod.CreateAsync())));
            _containers.AddRange(started.Select(container => (pod, container)));
        }
    }

    /// <summary>Removes all.</summary>
    public async Task RemoveAsync()
    {
        foreach (var pod in _containers.Select(container => container.Pod).Distinct())
        {
            await pod.StopAsync();
            await pod.RemoveAsync();
        }

        _containers.Clear();
    }
}
