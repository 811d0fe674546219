using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Google.Protobuf.WellKnownTypes;

namespace Cri.RuntimeService.Shims;

/// <summary>What a shim is told about the OCI runtime, in containerd's terms.</summary>
public static class RuntimeOptions
{
    /// <summary>The options of one container.</summary>
    /// <param name="runtime">The OCI runtime.</param>
    /// <param name="state">The state directory.</param>
    /// <param name="cgroups">Who makes cgroups.</param>
    /// <param name="ioOwner">The host's ids of the user and group that own the standard streams; root unless given.</param>
    public static Any For(OciRuntime runtime, StateLayout state, CgroupDriver cgroups, (uint User, uint Group) ioOwner = default)
    {
        var options = new Options
        {
            IoUid = ioOwner.User,
            IoGid = ioOwner.Group,
            BinaryName = runtime.Path,
            Root = state.RuntimeRoot(runtime.Handler),
            SystemdCgroup = cgroups.IsSystemd,
        };
        return TypeUrl.Pack(TypeUrl.RuncOptions, options);
    }
}
