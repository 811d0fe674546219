using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Stats;

/// <summary>What the network interfaces of pods have carried. A pod on the host's network has none of its own.</summary>
public static class NetworkReader
{
    private const string DefaultInterface = "eth0";

    /// <summary>The interfaces of each pod that has a network, by the pod's id, without loopback; the default one first.</summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<LinkCounters>>> ReadAsync(IEnumerable<Sandbox> sandboxes)
    {
        var pods = sandboxes.Where(sandbox => !SandboxNamespaces.HostNetwork(sandbox.Record.Config)).ToList();
        var all = await NetworkLinks.ReadAsync([.. pods.Select(pod => pod.Files.Namespace("net"))]);
        return pods.Zip(all).Where(pair => pair.Second is not null).ToDictionary(
            pair => pair.First.Id,
            IReadOnlyList<LinkCounters> (pair) => [.. pair.Second!.Where(link => !link.IsLoopback).OrderByDescending(link => link.Name == DefaultInterface)]);
    }

    /// <summary>The interfaces in the terms of the CRI.</summary>
    public static V1.NetworkUsage Usage(IReadOnlyList<LinkCounters> links)
    {
        var usage = new V1.NetworkUsage { Timestamp = Clock.Now, Interfaces = { links.Select(Usage) } };
        usage.DefaultInterface = usage.Interfaces.FirstOrDefault();
        return usage;
    }

    private static V1.NetworkInterfaceUsage Usage(LinkCounters link) => new()
    {
        Name = link.Name,
        RxBytes = Amount.Of(link.RxBytes),
        RxErrors = Amount.Of(link.RxErrors),
        TxBytes = Amount.Of(link.TxBytes),
        TxErrors = Amount.Of(link.TxErrors),
    };
}
