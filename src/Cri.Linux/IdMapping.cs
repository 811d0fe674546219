namespace Cri.Linux;

/// <summary>A range of ids of a user namespace (user_namespaces(7)): one line of uid_map or gid_map.</summary>
/// <param name="ContainerId">The first id inside.</param>
/// <param name="HostId">The first id outside.</param>
/// <param name="Length">How many ids.</param>
public readonly record struct IdMapping(uint ContainerId, uint HostId, uint Length)
{
    /// <summary>The id outside of an id inside; null when it is not mapped.</summary>
    public uint? ToHost(uint id) => id >= ContainerId && id - ContainerId < Length ? HostId + (id - ContainerId) : null;

    /// <summary>The line as the kernel takes it.</summary>
    public override string ToString() => $"{ContainerId} {HostId} {Length}";
}

/// <summary>The ids of a user namespace that has one range of users and one of groups.</summary>
/// <param name="Users">The user ids.</param>
/// <param name="Groups">The group ids.</param>
public sealed record IdMap(IdMapping Users, IdMapping Groups);
