using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Spec;
using Cri.Ttrpc.RuncOptions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.RuntimeService.Shims;

/// <summary>What a shim is told about the OCI runtime, in containerd's terms.</summary>
public static class RuntimeOptions
{
    // containerd's type URLs are bare names.
    private const string TypeUrl = "containerd.runc.v1.Options";

    /// <summary>The options of one container.</summary>
    public static Any For(OciRuntime runtime, StateLayout state, CgroupDriver cgroups) => new()
    {
        TypeUrl = TypeUrl,
        Value = new Options
        {
            BinaryName = runtime.Path,
            Root = state.RuntimeRoot(runtime.Name),
            SystemdCgroup = cgroups.IsSystemd,
        }.ToByteString(),
    };
}
