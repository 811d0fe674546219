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
    public static Any For(OciRuntime runtime, StateLayout state, CgroupDriver cgroups) => TypeUrl.Pack(TypeUrl.RuncOptions, new Options
    {
        BinaryName = runtime.Path,
        Root = state.RuntimeRoot(runtime.Handler),
        SystemdCgroup = cgroups.IsSystemd,
    });
}
