using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService;

/// <summary>Where things lie under <c>--state</c>. Everything there lives until reboot.</summary>
/// <param name="Root">The state directory, <c>/run/crisp</c>.</param>
public sealed record StateLayout(string Root)
{
    /// <summary>The directory of all pods.</summary>
    public string Pods => Path.Combine(Root, "pods");

    /// <summary>The same without symbolic links, as the kernel's tables name it.</summary>
    public string RealPods => RealPath.Of(Pods);

    /// <summary>The state directory of the OCI runtime of this name.</summary>
    public string RuntimeRoot(string runtime) => Path.Combine(RuntimeRoots, runtime);

    /// <summary>The state directory of every OCI runtime.</summary>
    public string RuntimeRoots => Path.Combine(Root, "oci");

    /// <summary>Where the cgroup of each container is written down, a file each, from before it is made until it is gone.</summary>
    public string Cgroups => Path.Combine(Root, "cgroups");

    /// <summary>The files of one pod.</summary>
    public PodLayout Pod(string id) => new(Path.Combine(Pods, id));

    /// <summary>The ids of the pods found on disk; names in any other form are leftovers.</summary>
    public IEnumerable<string> PodIds() => Directory.Exists(Pods)
        ? Directory.EnumerateDirectories(Pods).Select(path => Path.GetFileName(path)).Where(ObjectId.IsValid)
        : [];
}

/// <summary>The files of one pod.</summary>
/// <param name="Directory">The pod's directory; also its bundle for the shim's sandbox API.</param>
public sealed record PodLayout(string Directory)
{
    /// <summary>The pod's record.</summary>
    public string Record => Path.Combine(Directory, "pod.json");

    /// <summary>The socket of its shim.</summary>
    public string ShimSocket => Path.Combine(Directory, "shim.sock");

    /// <summary>What its shim wrote to stdout and stderr.</summary>
    public string ShimLog => Path.Combine(Directory, "shim.log");

    /// <summary>The resolv.conf that its containers see.</summary>
    public string ResolvConf => Path.Combine(Directory, "resolv.conf");

    /// <summary>The hosts file that its containers see.</summary>
    public string Hosts => Path.Combine(Directory, "hosts");

    /// <summary>The hostname file that its containers see.</summary>
    public string Hostname => Path.Combine(Directory, "hostname");

    /// <summary>The tmpfs behind /dev/shm.</summary>
    public string Shm => Path.Combine(Directory, "shm");

    /// <summary>The mark that its stop was told of.</summary>
    public string StopReported => Path.Combine(Directory, "stop-reported");

    /// <summary>The image layers as the pod's users own them, when it has a user namespace.</summary>
    public string Layers => Path.Combine(Directory, "layers");

    /// <summary>A pinned namespace: net, ipc, uts or user.</summary>
    public string Namespace(string kind) => Path.Combine(Directory, "ns", kind);

    /// <summary>The ids of the containers found on disk, of half-removed ones too; none when the pod itself is gone.</summary>
    public IEnumerable<string> ContainerIds() =>
        Listing.Directories(Directory).Select(path => Path.GetFileName(path)).Where(ObjectId.IsValid);

    /// <summary>The files of one of its containers.</summary>
    public ContainerLayout Container(string id) => new(Path.Combine(Directory, id));
}

/// <summary>The files of one container.</summary>
/// <param name="Bundle">Its OCI bundle.</param>
public sealed record ContainerLayout(string Bundle)
{
    /// <summary>The runtime-spec configuration.</summary>
    public string Config => Path.Combine(Bundle, "config.json");

    /// <summary>The container's record.</summary>
    public string Record => Path.Combine(Bundle, "container.json");

    /// <summary>What the shim wrote when it exited.</summary>
    public string Exit => Path.Combine(Bundle, "exit.json");

    /// <summary>The mark that its stop was told of.</summary>
    public string StopReported => Path.Combine(Bundle, "stop-reported");

    /// <summary>The directory of what is mounted for its volumes.</summary>
    public string Volumes => Path.Combine(Bundle, "volumes");

    /// <summary>What the OCI runtime takes for the mount of this number, when that is not the host path itself.</summary>
    public string Volume(int number) => Path.Combine(Volumes, $"{number}");

    /// <summary>Where the image behind the mount of this number is mounted as a whole.</summary>
    public string VolumeImage(int number) => Path.Combine(Volumes, $"{number}.image");

    /// <summary>The pipe for its standard input.</summary>
    public string Stdin => Path.Combine(Bundle, "stdin");
}
