namespace Cri.Stress.Histories;

/// <summary>What a history is made of: the RPCs, and the events that came.</summary>
public enum Verb
{
#pragma warning disable CS1591, SA1602 // the CRI's own names
    RunPodSandbox,
    StopPodSandbox,
    RemovePodSandbox,
    PodSandboxStatus,
    ListPodSandbox,
    PodSandboxStats,
    CreateContainer,
    StartContainer,
    StopContainer,
    RemoveContainer,
    ContainerStatus,
    ListContainers,
    ContainerStats,
    ListContainerStats,
    ExecSync,
    Exec,
    UpdateContainerResources,
    ReopenContainerLog,
    PullImage,
    RemoveImage,
    ImageStatus,
    ListImages,
    Event,
#pragma warning restore CS1591, SA1602
}
