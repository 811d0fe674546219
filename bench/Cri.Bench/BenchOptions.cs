namespace Cri.Bench;

/// <summary>What to measure, and where.</summary>
public sealed record BenchOptions
{
    /// <summary>The runtimes to compare, by name, as sockets.</summary>
    public required IReadOnlyList<(string Name, string Socket)> Endpoints { get; init; }

    /// <summary>The scenarios' names; empty for all.</summary>
    public IReadOnlyList<string> Scenarios { get; init; } = [];

    /// <summary>The pods' image; it must have <c>sleep</c>, <c>true</c> and <c>seq</c>.</summary>
    public required string Image { get; init; }

    /// <summary>The image of the pull scenario; "" leaves that out.</summary>
    public string PullImage { get; init; } = "";

    /// <summary>How many rounds are counted.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>How many pods a full node has.</summary>
    public int Pods { get; init; } = 100;

    /// <summary>How many containers are probed.</summary>
    public int Probes { get; init; } = 100;

    /// <summary>With how many containers the lists are measured.</summary>
    public IReadOnlyList<int> Containers { get; init; } = [10, 100, 1000];

    /// <summary>How many lines the container of the log scenario prints.</summary>
    public int LogLines { get; init; } = 1_000_000;

    /// <summary>Commands that end a server and start it anew, and return when it has been started; by the endpoint's name.</summary>
    public IReadOnlyDictionary<string, string> Restarts { get; init; } = new Dictionary<string, string>();

    /// <summary>The cgroup that all pods go below, without slashes.</summary>
    public string PodsCgroup { get; init; } = "cri-bench-pods";

    /// <summary>True to leave CNI out.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>The directory of the pods' logs.</summary>
    public required string LogDirectory { get; init; }
}
