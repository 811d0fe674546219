namespace Cri.Server.Interception;

/// <summary>What a CRI request is about, for errors whose own words only name a file or a system call.</summary>
internal static class RequestSubject
{
    /// <summary>
    /// True for the calls that do more than one thing, whose steps are kept. Execs are left out: probes are many, and would soon be all
    /// that is kept.
    /// </summary>
    public static bool HasSteps(object request) => request is V1.RunPodSandboxRequest or V1.StopPodSandboxRequest or V1.RemovePodSandboxRequest
        or V1.CreateContainerRequest or V1.StartContainerRequest or V1.StopContainerRequest or V1.RemoveContainerRequest
        or V1.UpdateContainerResourcesRequest or V1.CheckpointContainerRequest or V1.PullImageRequest or V1.RemoveImageRequest;

    /// <summary>The object with its kind; "" when the request names none.</summary>
    public static string Of(object request) => request switch
    {
        V1.RunPodSandboxRequest { Config.Metadata: { } pod } => $"pod {pod.Namespace}/{pod.Name}",
        V1.StopPodSandboxRequest pod => $"pod sandbox {pod.PodSandboxId}",
        V1.RemovePodSandboxRequest pod => $"pod sandbox {pod.PodSandboxId}",
        V1.CreateContainerRequest { Config.Metadata: { } container } create => $"container {container.Name} of pod sandbox {create.PodSandboxId}",
        V1.StartContainerRequest container => $"container {container.ContainerId}",
        V1.StopContainerRequest container => $"container {container.ContainerId}",
        V1.RemoveContainerRequest container => $"container {container.ContainerId}",
        V1.UpdateContainerResourcesRequest container => $"container {container.ContainerId}",
        V1.ReopenContainerLogRequest container => $"container {container.ContainerId}",
        V1.ExecSyncRequest container => $"container {container.ContainerId}",
        V1.CheckpointContainerRequest container => $"container {container.ContainerId}",
        V1.PullImageRequest { Image: { } image } => $"image {image.Image}",
        V1.RemoveImageRequest { Image: { } image } => $"image {image.Image}",
        _ => "",
    };
}
