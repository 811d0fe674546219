namespace Cri.RuntimeService.Cdi;

/// <summary>
/// One file of the Container Device Interface: devices of one kind and what each does to a container (CDI SPEC.md). A list or
/// object that the file leaves out is empty.
/// </summary>
public sealed record CdiSpec
{
    /// <summary>The version of the specification it follows.</summary>
    public required string CdiVersion { get; init; }

    /// <summary>Vendor and class, <c>vendor.com/class</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What the vendor notes about the file; not for containers.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>The devices.</summary>
    public IReadOnlyList<CdiDevice> Devices { get; init => field = value ?? []; } = [];

    /// <summary>What is done once to a container that gets any of the devices.</summary>
    public CdiEdits ContainerEdits { get; init => field = value ?? new(); } = new();
}

/// <summary>One device.</summary>
public sealed record CdiDevice
{
    /// <summary>Its name, unique in its kind.</summary>
    public required string Name { get; init; }

    /// <summary>What the vendor notes about the device; not for containers.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>What is done to a container that gets it.</summary>
    public CdiEdits ContainerEdits { get; init => field = value ?? new(); } = new();
}

/// <summary>Changes of a container's runtime-spec.</summary>
public sealed record CdiEdits
{
    /// <summary>Environment variables as NAME=value.</summary>
    public IReadOnlyList<string> Env { get; init => field = value ?? []; } = [];

    /// <summary>Device nodes.</summary>
    public IReadOnlyList<CdiDeviceNode> DeviceNodes { get; init => field = value ?? []; } = [];

    /// <summary>Network interfaces of the host.</summary>
    public IReadOnlyList<CdiNetDevice> NetDevices { get; init => field = value ?? []; } = [];

    /// <summary>Hooks.</summary>
    public IReadOnlyList<CdiHook> Hooks { get; init => field = value ?? []; } = [];

    /// <summary>Mounts.</summary>
    public IReadOnlyList<CdiMount> Mounts { get; init => field = value ?? []; } = [];

    /// <summary>Intel RDT settings.</summary>
    public Oci.Runtime.IntelRdtSpec? IntelRdt { get; init; }

    /// <summary>Supplementary groups of the container's process.</summary>
    public IReadOnlyList<uint> AdditionalGids { get; init => field = value ?? []; } = [];
}

/// <summary>A device node.</summary>
public sealed record CdiDeviceNode
{
    /// <summary>The path in the container.</summary>
    public required string Path { get; init; }

    /// <summary>The path on the host; null is the same.</summary>
    public string? HostPath { get; init; }

    /// <summary>b, c, u or p; null asks the host.</summary>
    public string? Type { get; init; }

    /// <summary>The major number; null or 0 asks the host.</summary>
    public long? Major { get; init; }

    /// <summary>The minor number.</summary>
    public long? Minor { get; init; }

    /// <summary>The permission bits; null asks the host.</summary>
    public uint? FileMode { get; init; }

    /// <summary>What the device cgroup allows, letters of rwm; null is all.</summary>
    public string? Permissions { get; init; }

    /// <summary>The owner; null is the container's user.</summary>
    public uint? Uid { get; init; }

    /// <summary>The group; null is the container's group.</summary>
    public uint? Gid { get; init; }
}

/// <summary>A network interface of the host.</summary>
public sealed record CdiNetDevice
{
    /// <summary>Its name on the host.</summary>
    public required string HostInterfaceName { get; init; }

    /// <summary>Its name in the container.</summary>
    public required string Name { get; init; }
}

/// <summary>A hook.</summary>
public sealed record CdiHook
{
    /// <summary>When it runs: prestart, createRuntime, createContainer, startContainer, poststart or poststop.</summary>
    public required string HookName { get; init; }

    /// <summary>The absolute path of the program.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Its environment.</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>Seconds until it is aborted.</summary>
    public int? Timeout { get; init; }
}

/// <summary>A mount.</summary>
public sealed record CdiMount
{
    /// <summary>What is mounted.</summary>
    public required string HostPath { get; init; }

    /// <summary>Where.</summary>
    public required string ContainerPath { get; init; }

    /// <summary>Options as in fstab.</summary>
    public IReadOnlyList<string> Options { get; init => field = value ?? []; } = [];

    /// <summary>The file system type; null is a bind mount.</summary>
    public string? Type { get; init; }
}
