namespace Cri.Testing.Cgroups;

/// <summary>The cgroup that has one endpoint's pods' cgroups in it, named as the endpoint's cgroup driver wants it.</summary>
/// <param name="Name">A name without dashes, which nest slices.</param>
/// <param name="IsSlice">True for the systemd driver.</param>
public sealed record CgroupParent(string Name, bool IsSlice)
{
    /// <summary>Its path below a hierarchy's mount point.</summary>
    public string Path => IsSlice ? $"/{Name}.slice" : $"/{Name}";

    /// <summary>One with a name made of <paramref name="text"/>, for the driver of <see cref="NodeSettings"/>.</summary>
    public static CgroupParent For(string text, NodeSettings settings) =>
        new(text.Replace("-", "", StringComparison.Ordinal), settings.IsSystemd);

    /// <summary>What a kubelet would name the cgroup of a pod with this uid.</summary>
    public string OfPod(string uid) => IsSlice ? $"{Path}/{Name}-pod{uid.Replace('-', '_')}.slice" : $"{Path}/pod{uid}";
}
