using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>The namespaces of a container: the pod's pinned ones, the node's, or its own.</summary>
public static class ContainerNamespaces
{
    /// <summary>
    /// Throws INVALID_ARGUMENT for a namespace that a container of this pod cannot have: what the pod shares can only be the
    /// pod's, which is also what a container gets that leaves its options at their defaults.
    /// </summary>
    public static void Check(SpecInput input)
    {
        var container = $"container \"{input.Config.Metadata.Name}\"";
        var (own, pod) = (input.Namespaces, SandboxNamespaces.Of(input.Sandbox.Record.Config));
        CheckShared(container, "network", own.Network, pod.Network);
        CheckShared(container, "IPC", own.Ipc, pod.Ipc);
        if (own.Pid == V1.NamespaceMode.Node && pod.Pid != V1.NamespaceMode.Node)
        {
            throw CriError.Invalid($"{container}: PID mode NODE needs a pod sandbox that was created with PID mode NODE");
        }

        if (own.Pid == V1.NamespaceMode.Target && own.TargetId.Length == 0)
        {
            throw CriError.Invalid($"{container}: PID mode TARGET needs a target_id");
        }

        PodUserNamespace.CheckContainer(container, own.UsernsOptions, input.Sandbox.Record.Config);
    }

    /// <summary>Builds the list; a namespace that is left out is the node's.</summary>
    public static List<NamespaceSpec> Build(SpecInput input)
    {
        var pod = input.Sandbox.Record.Config;
        var files = input.Sandbox.Files;
        var list = new List<NamespaceSpec> { new("mount") };
        if (PodUserNamespace.Of(pod) is not null)
        {
            list.Add(new NamespaceSpec("user", files.Namespace("user")));
        }

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

    private static void CheckShared(string container, string name, V1.NamespaceMode own, V1.NamespaceMode pod)
    {
        if (own is V1.NamespaceMode.Container or V1.NamespaceMode.Target)
        {
            throw CriError.Invalid($"{container}: {name} mode {own.ToString().ToUpperInvariant()} is not possible, only the pod's");
        }

        if (own == V1.NamespaceMode.Node && pod != V1.NamespaceMode.Node)
        {
            throw CriError.Invalid($"{container}: {name} mode NODE needs a pod sandbox that was created with {name} mode NODE");
        }
    }

    private static NamespaceSpec? Pid(SpecInput input) => input.Namespaces.Pid switch
    {
        V1.NamespaceMode.Node => null,
        V1.NamespaceMode.Pod when SandboxNamespaces.Of(input.Sandbox.Record.Config).Pid == V1.NamespaceMode.Node => null,
        V1.NamespaceMode.Container => new NamespaceSpec("pid"),
        V1.NamespaceMode.Target => new NamespaceSpec("pid", input.TargetPidNamespace),
        _ when input.Sandbox.Record.InitPid > 0 => new NamespaceSpec("pid", $"/proc/{input.Sandbox.Record.InitPid}/ns/pid"),
        _ => throw CriError.Invalid(
            $"container \"{input.Config.Metadata.Name}\": PID mode POD needs a pod sandbox that was created with PID mode POD"),
    };
}
