namespace Cri.Linux.Faults;

// Each point's description in the list is all there is to say of its name.
#pragma warning disable CS1591

/// <summary>The fault points of crisp-shim, armed by <c>CRISP_SHIM_FAULT</c>, which crispd hands on.</summary>
public static class ShimFaultPoints
{
    public const string ShimServing = "shim.serving";
    public const string ShimNamespacesMade = "shim.namespaces-made";
    public const string ShimRootMounted = "shim.root-mounted";
    public const string ShimCreated = "shim.created";
    public const string ShimStarted = "shim.started";
    public const string ShimExecForked = "shim.exec-forked";
    public const string ShimExecStarted = "shim.exec-started";
    public const string ShimUpdated = "shim.updated";
    public const string ShimLogReopened = "shim.log-reopened";
    public const string ShimReaped = "shim.reaped";
    public const string ShimExitWritten = "shim.exit-written";
    public const string ShimExitRecorded = "shim.exit-recorded";
    public const string ShimDeleted = "shim.deleted";
    public const string ShimUnmounted = "shim.unmounted";
    public const string ShimPodStopped = "shim.pod-stopped";
    public const string ShimEnding = "shim.ending";

    /// <summary>All of them, in the order of the flows.</summary>
    public static IReadOnlyList<FaultPoint> All { get; } =
    [
        // a shim
        new(ShimServing, "the shim serves its socket"),
        new(ShimNamespacesMade, "the pod's namespaces are pinned"),
        new(ShimRootMounted, "a container's root file system is mounted"),
        new(ShimCreated, "the OCI runtime has made a container"),
        new(ShimStarted, "the OCI runtime has started a container"),
        new(ShimExecForked, "a command's process is made, and is not the command yet"),
        new(ShimExecStarted, "a command runs in a container"),
        new(ShimUpdated, "a container has new limits"),
        new(ShimLogReopened, "a container's log goes on in a new file"),
        new(ShimReaped, "a process of a container has ended"),
        new(ShimExitWritten, "its exit is written under a temporary name"),
        new(ShimExitRecorded, "its exit is recorded, nobody was told"),
        new(ShimDeleted, "the OCI runtime has removed a container, its root is mounted"),
        new(ShimUnmounted, "a container's root is unmounted"),
        new(ShimPodStopped, "the pod's namespaces are given up"),
        new(ShimEnding, "the shim is about to exit"),
    ];
}
