namespace Cri.Ttrpc;

/// <summary>The full names of the services that shims and containerd speak.</summary>
public static class TtrpcServiceName
{
    /// <summary>The task service, version 2.</summary>
    public const string TaskV2 = "containerd.task.v2.Task";

    /// <summary>The task service, version 3: the same messages.</summary>
    public const string TaskV3 = "containerd.task.v3.Task";

    /// <summary>The sandbox service.</summary>
    public const string Sandbox = "containerd.runtime.sandbox.v1.Sandbox";

    /// <summary>The extension of our own shim.</summary>
    public const string PodShim = "crisp.shim.v1.PodShim";

    /// <summary>The service of containerd that takes events.</summary>
    public const string Events = "containerd.services.events.ttrpc.v1.Events";
}
