using System.Collections.Concurrent;
using Cri.Api.V1;
using Cri.Stress.Histories;
using Cri.Stress.Models;
using Cri.Testing.Pods;

namespace Cri.Stress.Games;

/// <summary>
/// One pod's name, on which several clients at once do what they like for a number of calls; then it is cleared, and the history
/// of it all is checked.
/// </summary>
public sealed class PodGame
{
    /// <summary>The id of a container that there never was.</summary>
    public const string Nobody = "0000000000000000000000000000000000000000000000000000000000000000";

    private const string VariantLabel = "stress/variant";
    private readonly CriEndpoint _endpoint;
    private readonly string _cgroup;
    private readonly bool _hasNetwork;
    private readonly ConcurrentDictionary<string, PodObject> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _pods = new();
    private readonly ConcurrentQueue<string> _containers = new();

    private readonly ConcurrentQueue<string> _violations = new();

    /// <summary>A game of a name that nobody else has.</summary>
    /// <param name="endpoint">Where it is played.</param>
    /// <param name="name">The pod's name.</param>
    /// <param name="cgroup">The pod's parent cgroup.</param>
    /// <param name="hasNetwork">False for a pod in the host's network.</param>
    /// <param name="image">The image of most of its containers.</param>
    public PodGame(CriEndpoint endpoint, string name, string cgroup, bool hasNetwork, ImageGame image)
    {
        _endpoint = endpoint;
        _cgroup = cgroup;
        _hasNetwork = hasNetwork;
        Name = name;
        Image = image;
        Events = new EventTrace(this);
        Directory.CreateDirectory(LogDirectory);
    }

    /// <summary>The pod's name.</summary>
    public string Name { get; }

    /// <summary>An image that comes and goes, of which some of its containers are made.</summary>
    public ImageGame Image { get; }

    /// <summary>All calls about it.</summary>
    public History History { get; } = new();

    /// <summary>What never changes of an object once it was seen.</summary>
    public Constants Constants { get; } = new();

    /// <summary>The events about it.</summary>
    public EventTrace Events { get; }

    /// <summary>What was wrong with single answers.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Everything that was seen under its name.</summary>
    public IReadOnlyList<PodObject> Objects => [.. _objects.Values.OrderBy(item => item.Id, StringComparer.Ordinal)];

    /// <summary>Where its containers log.</summary>
    public string LogDirectory => Path.Combine(_endpoint.LogDirectory, Name);

    /// <summary>A pod that a client knows, mostly the newest; null for none.</summary>
    public string? Pod(Random random) => Pick(_pods, random);

    /// <summary>A container that a client knows, mostly one of the newest; <see cref="Nobody"/> for none.</summary>
    public string Container(Random random) => Pick(_containers, random) ?? Nobody;

    /// <summary>The filter of lists for this game's objects.</summary>
    public KeyValuePair<string, string> Label => KeyValuePair.Create("stress/game", Name);

    /// <summary>What is asked for to run the pod.</summary>
    public PodSandboxConfig PodConfig(string variant)
    {
        var config = TestPod.NewConfig(_endpoint, config =>
        {
            config.Metadata = new PodSandboxMetadata { Name = Name, Namespace = "stress", Uid = Name };
            config.Hostname = _hasNetwork ? Name : "";
            config.LogDirectory = LogDirectory;
            config.Linux.CgroupParent = _cgroup;
            config.Labels[Label.Key] = Label.Value;
            config.Labels[VariantLabel] = variant;
        });
        if (!_hasNetwork)
        {
            config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node;
        }

        return config;
    }

    /// <summary>What is asked for to create a container.</summary>
    public ContainerConfig ContainerConfig(string name, string variant, string image)
    {
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = name },
            Image = new ImageSpec { Image = image },
            LogPath = $"{name}.log",
            Labels = { [Label.Key] = Label.Value, [VariantLabel] = variant },
            Linux = new LinuxContainerConfig
            {
                SecurityContext = new LinuxContainerSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Container } },
            },
        };
        config.Command.Add(variant.Split('-')[0] switch
        {
            PodObject.Brief => ["sh", "-c", "echo brief; sleep 0.05; exit 3"],
            "a" => ["sh", "-c", "trap 'exit 7' TERM; echo a; while :; do sleep 0.1; done"],
            _ => ["sleep", "100000"],
        });
        return config;
    }

    /// <summary>Remembers a pod that an answer or an event has shown.</summary>
    public void Saw(string podId, IDictionary<string, string> labels) => Add(new PodObject(podId, podId, "", labels[VariantLabel]), _pods);

    /// <summary>Remembers a container that an answer or an event has shown.</summary>
    public void Saw(string id, string podId, string name, IDictionary<string, string> labels) =>
        Add(new PodObject(id, podId, name, labels[VariantLabel]), _containers);

    /// <summary>Takes down that an answer was wrong in itself.</summary>
    public void Report(string violation) => _violations.Enqueue(violation);

    private void Add(PodObject item, ConcurrentQueue<string> known)
    {
        if (_objects.TryAdd(item.Id, item))
        {
            known.Enqueue(item.Id);
        }
    }

    private static string? Pick(ConcurrentQueue<string> known, Random random)
    {
        var ids = known.ToArray();
        var back = random.Next(100) < 80 ? random.Next(3) : random.Next(20);
        return ids.Length == 0 ? null : ids[Math.Max(0, ids.Length - 1 - Math.Min(back, ids.Length - 1))];
    }
}
