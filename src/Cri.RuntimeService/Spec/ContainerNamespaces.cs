using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>The namespaces of a container: the pod's pinned ones, the node's, or its own.</summary>
public static class ContainerNamespaces
{
    /// <summary>Builds the list; a namespace that is left out is the node's.</summary>
    public static List<NamespaceSpec> Build(SpecInput input)
    {
        var pod = input.Sandbox.Record.Config;
        var files = input.Sandbox.Files;
        var list = new List<NamespaceSpec> { new("mount") };
        if (!SandboxNamespaces.HostNetwork(pod))
        {
            list.Add(new NamespaceSpec("network", files.Namespace("net")));
            list.Add(new NamespaceSpec("uts", files.Namespace("uts")));
        }

        if (!SandboxNamespaces.HostIpc(pod))
        {
            list.Add(new NamespaceSpec("ipc", files.Namespace("ipc")));
        }

        if (Pid(input) is { } pid)
        {
            list.Add(pid);
        }

        if (input.Host.CgroupV2 && !input.Security.Privileged)
        {
            list.Add(new NamespaceSpec("cgroup"));
        }

        return list;
    }

    private static NamespaceSpec? Pid(SpecInput input) => input.Namespaces.Pid switch
    {
        V1.NamespaceMode.Node => null,
        V1.NamespaceMode.Container => new NamespaceSpec("pid"),
        V1.NamespaceMode.Target => new NamespaceSpec("pid", input.TargetPidNamespace),
        _ when input.Sandbox.Record.InitPid > 0 => new NamespaceSpec("pid", $"/proc/{input.Sandbox.Record.InitPid}/ns/pid"),
        _ => throw CriError.Invalid(
            $"container \"{input.Config.Metadata.Name}\": PID mode POD needs a pod sandbox that was created with PID mode POD"),
    };
}
