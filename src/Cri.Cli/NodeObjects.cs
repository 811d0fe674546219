using Cri.Api.V1;

namespace Cri.Cli;

/// <summary>The pods and containers of the node at one moment, to be found by id, by the beginning of one, or by name.</summary>
internal sealed class NodeObjects
{
    private readonly IReadOnlyList<PodSandbox> _pods;
    private readonly IReadOnlyList<Container> _containers;

    public NodeObjects(IEnumerable<PodSandbox> pods, IEnumerable<Container> containers)
    {
        _pods = [.. pods];
        _containers = [.. containers];
    }

    /// <summary>Asks the runtime what there is.</summary>
    public static async Task<NodeObjects> ReadAsync(Session session)
    {
        var pods = await CommandFailure.ExplainAsync("list pods", session.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), session.Options));
        var containers = await CommandFailure.ExplainAsync(
            "list containers", session.Runtime.ListContainersAsync(new ListContainersRequest(), session.Options));
        return new NodeObjects(pods.Items, containers.Containers);
    }

    /// <summary>The containers of a pod.</summary>
    public IEnumerable<Container> ContainersOf(PodSandbox pod) => _containers.Where(container => container.PodSandboxId == pod.Id);

    /// <summary>The pod meant by a word, or null. Throws when several are meant.</summary>
    public PodSandbox? FindPod(string word) =>
        Find(word, "pod", _pods, pod => pod.Id, pod => [pod.Metadata.Name, $"{pod.Metadata.Namespace}/{pod.Metadata.Name}"], pod => pod.CreatedAt);

    /// <summary>
    /// The container meant by a word, or null: by its own id or name, or as the only one of the pod meant. Of the containers of
    /// one name in one pod the newest is meant. Throws when several are meant.
    /// </summary>
    public Container? FindContainer(string word) =>
        Find(word, "container", _containers, container => container.Id, container => [container.Metadata.Name], container => container.CreatedAt)
        ?? (FindPod(word) is { } pod && ContainersOf(pod).ToList() is [var only] ? only : null);

    /// <summary>The container meant by a word. Throws when there is none or several.</summary>
    public Container RequireContainer(string word) => FindContainer(word) ?? throw new CommandFailure(word, "no such container");

    private static T? Find<T>(
        string word, string kind, IReadOnlyList<T> all, Func<T, string> id, Func<T, string[]> names, Func<T, long> createdAt)
        where T : class
    {
        var found = all.Where(item => id(item) == word).ToList();
        found = found.Count > 0 ? found : [.. all.Where(item => names(item).Contains(word))];
        found = found.Count > 0 ? found : [.. all.Where(item => id(item).StartsWith(word, StringComparison.Ordinal))];
        return found.Count <= 1 || OfOneKind(found)
            ? found.MaxBy(createdAt)
            : throw new CommandFailure(word, $"{found.Count} {kind}s are meant: {string.Join(", ", found.Select(item => Output.ShortId.Of(id(item))))}");
    }

    // Restarts leave earlier attempts behind; whoever says a name means the newest.
    private static bool OfOneKind<T>(IEnumerable<T> found) => found.Select(item => item switch
    {
        Container container => (container.PodSandboxId, container.Metadata.Name),
        PodSandbox pod => (pod.Metadata.Namespace + "/" + pod.Metadata.Uid, pod.Metadata.Name),
        _ => throw new InvalidOperationException(),
    }).Distinct().Count() == 1;
}
