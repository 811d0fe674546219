using Cri.Api.V1;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;

namespace Cri.Faults.Kills;

/// <summary>Every object of a node is wholly there or wholly gone: what is listed has a status, a record and its files; nothing else has.</summary>
public static class WholenessCheck
{
    /// <summary>Fails with what is there by half.</summary>
    public static async Task RunAsync(CriEndpoint cri)
    {
        var crispd = cri.Crispd!;
        var pods = (await cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items;
        var containers = (await cri.Runtime.ListContainersAsync(new ListContainersRequest())).Containers;
        Same("pods", pods.Select(pod => pod.Id), Names(crispd.State + "/pods"));
        foreach (var pod in pods)
        {
            var status = await cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod.Id });
            Assert.Equal((pod.State, pod.Metadata), (status.Status.State, status.Status.Metadata));
            var mine = containers.Where(container => container.PodSandboxId == pod.Id).Select(container => container.Id);
            Same($"containers of pod {pod.Id}", mine, Names(crispd.PodDirectory(pod.Id)).Where(name => name.Length == pod.Id.Length));
        }

        foreach (var container in containers)
        {
            // It may exit between the two.
            var status = await cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container.Id });
            Assert.Equal((container.Metadata, container.CreatedAt), (status.Status.Metadata, status.Status.CreatedAt));
        }

        Same("writable layers", containers.Select(container => container.Id), WritableLayers(crispd));
        Assert.Empty(Temporary(crispd));
    }

    private static IEnumerable<string> WritableLayers(CrispdFixture crispd) =>
        Names(crispd.Root + "/containers").Where(name => name[0] != '.').Select(name => name.Split('+')[0]).Distinct();

    private static IEnumerable<string> Temporary(CrispdFixture crispd) =>
        Directory.EnumerateDirectories(crispd.State + "/pods").Append(crispd.Root + "/cni").Where(Directory.Exists)
            .SelectMany(directory => Names(directory).Select(name => $"{directory}/{name}"))
            .Where(path => Path.GetFileName(path)[0] == '.' || path.EndsWith(".tmp", StringComparison.Ordinal));

    private static IEnumerable<string> Names(string directory) => Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)!);

    private static void Same(string what, IEnumerable<string> listed, IEnumerable<string> onDisk)
    {
        var (known, found) = (listed.Order().ToList(), onDisk.Order().ToList());
        Assert.True(known.SequenceEqual(found), $"{what}: listed {string.Join(", ", known)}; on disk {string.Join(", ", found)}");
    }
}
