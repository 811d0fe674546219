namespace Cri.Linux.Faults;

// Each point's description in the list is all there is to say of its name.
#pragma warning disable CS1591

/// <summary>The fault points of crispd, armed by <c>CRISP_FAULT</c>.</summary>
public static class FaultPoints
{
    public const string RecoverLocked = "recover.locked";
    public const string RecoverImagesOpened = "recover.images-opened";
    public const string RecoverSwept = "recover.swept";
    public const string RecoverPodRead = "recover.pod-read";
    public const string RecoverPodConnected = "recover.pod-connected";
    public const string RecoverUndoNetwork = "recover.undo-network";
    public const string RecoverUndoInit = "recover.undo-init";
    public const string RecoverUndoShim = "recover.undo-shim";
    public const string RecoverUndoDirectory = "recover.undo-directory";
    public const string RecoverBundleRemoved = "recover.bundle-removed";
    public const string RecoverContainerRead = "recover.container-read";
    public const string RecoverExecsEnded = "recover.execs-ended";
    public const string RecoverTaskFound = "recover.task-found";
    public const string RecoverTaskRecorded = "recover.task-recorded";
    public const string RecoverExitRead = "recover.exit-read";
    public const string RecoverPodRestored = "recover.pod-restored";
    public const string RecoverSnapshotsSwept = "recover.snapshots-swept";
    public const string RecoverNetworkSwept = "recover.network-swept";
    public const string RecoverReady = "recover.ready";
    public const string PullDescribed = "pull.described";
    public const string PullLayerBegun = "pull.layer-begun";
    public const string PullLayerExtracted = "pull.layer-extracted";
    public const string PullLayerDescribed = "pull.layer-described";
    public const string PullLayerSynced = "pull.layer-synced";
    public const string PullLayerNamed = "pull.layer-named";
    public const string PullLayersHeld = "pull.layers-held";
    public const string PullDocumentsWritten = "pull.documents-written";
    public const string PullRecordWritten = "pull.record-written";
    public const string RunPodDirectoryMade = "run-pod.directory-made";
    public const string RunPodRecorded = "run-pod.recorded";
    public const string RunPodShimStarted = "run-pod.shim-started";
    public const string RunPodShimRecorded = "run-pod.shim-recorded";
    public const string RunPodFilesWritten = "run-pod.files-written";
    public const string RunPodNamespacesMade = "run-pod.namespaces-made";
    public const string RunPodLayersMounted = "run-pod.layers-mounted";
    public const string RunPodNetworkAttached = "run-pod.network-attached";
    public const string RunPodNetworkRecorded = "run-pod.network-recorded";
    public const string RunPodInitAsked = "run-pod.init-asked";
    public const string RunPodInitCreated = "run-pod.init-created";
    public const string RunPodInitStarted = "run-pod.init-started";
    public const string RunPodReady = "run-pod.ready";
    public const string RunPodPublished = "run-pod.published";
    public const string CniAddRecorded = "cni-add.recorded";
    public const string CniAddDone = "cni-add.done";
    public const string CniAddResultRecorded = "cni-add.result-recorded";
    public const string CreatePlanned = "create.planned";
    public const string CreateBundleMade = "create.bundle-made";
    public const string CreateBundleWritten = "create.bundle-written";
    public const string CreateSnapshotMade = "create.snapshot-made";
    public const string CreateSnapshotPrepared = "create.snapshot-prepared";
    public const string CreateVolumesMounted = "create.volumes-mounted";
    public const string CreateRecorded = "create.recorded";
    public const string CreatePublished = "create.published";
    public const string StartContainerAsked = "start.asked";
    public const string StartContainerTaskCreated = "start.task-created";
    public const string StartContainerTaskStarted = "start.task-started";
    public const string StartContainerRecorded = "start.recorded";
    public const string StartContainerWatched = "start.watched";
    public const string ExecPipesMade = "exec.pipes-made";
    public const string ExecAdded = "exec.added";
    public const string ExecStarted = "exec.started";
    public const string ExecEnded = "exec.ended";
    public const string ExecDeleted = "exec.deleted";
    public const string UpdateApplied = "update.applied";
    public const string UpdateSpecWritten = "update.spec-written";
    public const string UpdateRecorded = "update.recorded";
    public const string ReopenAsked = "reopen.asked";
    public const string ReopenDone = "reopen.done";
    public const string CheckpointFrozen = "checkpoint.frozen";
    public const string ExitHeard = "exit.heard";
    public const string ExitRecorded = "exit.recorded";
    public const string ExitTold = "exit.told";
    public const string ExitReleased = "exit.released";
    public const string StopAsked = "stop.asked";
    public const string StopSignalled = "stop.signalled";
    public const string StopKilled = "stop.killed";
    public const string StopEnded = "stop.ended";
    public const string RemoveStopped = "remove.stopped";
    public const string RemoveUnmounted = "remove.unmounted";
    public const string RemoveRenamed = "remove.renamed";
    public const string RemoveSnapshotRemoved = "remove.snapshot-removed";
    public const string RemoveBundleRemoved = "remove.bundle-removed";
    public const string RemoveForgotten = "remove.forgotten";
    public const string StopPodContainersStopped = "stop-pod.containers-stopped";
    public const string StopPodNetworkDetached = "stop-pod.network-detached";
    public const string StopPodInitKilled = "stop-pod.init-killed";
    public const string StopPodInitStopped = "stop-pod.init-stopped";
    public const string StopPodShimAsked = "stop-pod.shim-asked";
    public const string StopPodShimStopped = "stop-pod.shim-stopped";
    public const string StopPodUnmounted = "stop-pod.unmounted";
    public const string StopPodRecorded = "stop-pod.recorded";
    public const string StopPodTold = "stop-pod.told";
    public const string CniDelDone = "cni-del.done";
    public const string CniDelForgotten = "cni-del.forgotten";
    public const string RemovePodStopped = "remove-pod.stopped";
    public const string RemovePodContainersRemoved = "remove-pod.containers-removed";
    public const string RemovePodRenamed = "remove-pod.renamed";
    public const string RemovePodDirectoryRemoved = "remove-pod.directory-removed";
    public const string RemovePodForgotten = "remove-pod.forgotten";
    public const string RemoveImageRecordRemoved = "remove-image.record-removed";
    public const string RemoveImageDocumentsRemoved = "remove-image.documents-removed";
    public const string RemoveImageReleased = "remove-image.released";
    public const string FileWritten = "file.written";
    public const string FileRenamed = "file.renamed";
    public const string TreeRenamed = "tree.renamed";
    public const string CommandStarted = "command.started";
    public const string CommandEnded = "command.ended";

    /// <summary>All of them, in the order of the flows.</summary>
    public static IReadOnlyList<FaultPoint> All { get; } =
    [
        // a start, in which crispd takes over what an earlier one left
        new(RecoverLocked, "the directories stand and the lock is taken"),
        new(RecoverImagesOpened, "images, layers and writable layers are read, leftovers are on their way out"),
        new(RecoverSwept, "half-removed pods and unfinished state files are removed"),
        new(RecoverPodRead, "a pod's record is read"),
        new(RecoverPodConnected, "a pod's shim is connected, or known to be gone"),
        new(RecoverUndoNetwork, "the network of a pod whose creation was cut off is given back"),
        new(RecoverUndoInit, "its init is ended"),
        new(RecoverUndoShim, "its shim is ended"),
        new(RecoverUndoDirectory, "its directory is removed"),
        new(RecoverBundleRemoved, "the bundle of a container whose creation was cut off is removed"),
        new(RecoverContainerRead, "a container's record is read"),
        new(RecoverExecsEnded, "the execs of a container that an earlier crispd left are ended"),
        new(RecoverTaskFound, "a container's task is found in its shim"),
        new(RecoverTaskRecorded, "what the shim says of a container is recorded"),
        new(RecoverExitRead, "an exit that happened meanwhile is read"),
        new(RecoverPodRestored, "a pod and its containers are listed"),
        new(RecoverSnapshotsSwept, "the writable layers of unknown containers are renamed to be removed"),
        new(RecoverNetworkSwept, "an unknown pod is detached, its record still there"),
        new(RecoverReady, "everything is done but the socket"),
        // PullImage
        new(PullDescribed, "manifest and configuration are read"),
        new(PullLayerBegun, "a layer has a directory to be extracted to"),
        new(PullLayerExtracted, "a layer is downloaded, verified and extracted"),
        new(PullLayerDescribed, "a layer's description is written"),
        new(PullLayerSynced, "a layer is on the disk, under a temporary name"),
        new(PullLayerNamed, "a layer has its name"),
        new(PullLayersHeld, "all layers are there"),
        new(PullDocumentsWritten, "manifest and configuration are on the disk"),
        new(PullRecordWritten, "the image's record is on the disk"),
        // RunPodSandbox
        new(RunPodDirectoryMade, "the pod's directory is made"),
        new(RunPodRecorded, "the intent is recorded"),
        new(RunPodShimStarted, "the shim runs, its pid is not recorded"),
        new(RunPodShimRecorded, "the shim's pid is recorded"),
        new(RunPodFilesWritten, "resolv.conf, hosts and hostname are written, shm is mounted"),
        new(RunPodNamespacesMade, "the namespaces are pinned"),
        new(RunPodLayersMounted, "the layers for a user namespace are mounted, if there is one"),
        new(RunPodNetworkAttached, "the pod has its network, which is not recorded"),
        new(RunPodNetworkRecorded, "the pod's addresses are recorded"),
        new(RunPodInitAsked, "the shim makes the init of a shared PID namespace"),
        new(RunPodInitCreated, "the init is made and not started"),
        new(RunPodInitStarted, "the init runs, its pid is not recorded"),
        new(RunPodReady, "the pod is recorded as ready"),
        new(RunPodPublished, "the pod is listed, nobody was answered"),
        // attaching a pod
        new(CniAddRecorded, "the attachment is recorded, no plugin has run"),
        new(CniAddDone, "all plugins have run, their result is not recorded"),
        new(CniAddResultRecorded, "the result is recorded"),
        // CreateContainer
        new(CreatePlanned, "the runtime-spec is built, nothing is on the disk"),
        new(CreateBundleMade, "the bundle's directory is made"),
        new(CreateBundleWritten, "the bundle is written"),
        new(CreateSnapshotMade, "the writable layer's directory is made"),
        new(CreateSnapshotPrepared, "the writable layer is prepared"),
        new(CreateVolumesMounted, "what the volumes need is mounted"),
        new(CreateRecorded, "the container is recorded"),
        new(CreatePublished, "the container is listed, nobody was answered"),
        // StartContainer
        new(StartContainerAsked, "the shim creates the task"),
        new(StartContainerTaskCreated, "the task is created and not started"),
        new(StartContainerTaskStarted, "the process runs, which is not recorded"),
        new(StartContainerRecorded, "the start is recorded"),
        new(StartContainerWatched, "the exit is waited for, nobody was answered"),
        // ExecSync, Exec
        new(ExecPipesMade, "the pipes are made"),
        new(ExecAdded, "the shim knows the exec"),
        new(ExecStarted, "the command runs"),
        new(ExecEnded, "the command has ended"),
        new(ExecDeleted, "the shim has forgotten the exec"),
        // UpdateContainerResources
        new(UpdateApplied, "the cgroup has the new limits"),
        new(UpdateSpecWritten, "the runtime-spec has the new limits"),
        new(UpdateRecorded, "the new limits are recorded"),
        // ReopenContainerLog
        new(ReopenAsked, "nothing has happened"),
        new(ReopenDone, "the shim writes to a new file"),
        // CheckpointContainer
        new(CheckpointFrozen, "the container is frozen"),
        // the exit of a container
        new(ExitHeard, "the shim has told of the exit"),
        new(ExitRecorded, "the exit is in the container's status"),
        new(ExitTold, "the event is published"),
        new(ExitReleased, "the shim has released the task"),
        // StopContainer
        new(StopAsked, "nothing has happened"),
        new(StopSignalled, "the stop signal is sent"),
        new(StopKilled, "SIGKILL is sent"),
        new(StopEnded, "the container has exited, nobody was answered"),
        // RemoveContainer
        new(RemoveStopped, "the container is stopped and its task released"),
        new(RemoveUnmounted, "nothing of it is mounted"),
        new(RemoveRenamed, "its bundle has lost its name: from here on it is gone"),
        new(RemoveSnapshotRemoved, "its writable layer is removed"),
        new(RemoveBundleRemoved, "its bundle is removed"),
        new(RemoveForgotten, "its name is free, nobody was answered"),
        // StopPodSandbox
        new(StopPodContainersStopped, "the containers are stopped"),
        new(StopPodNetworkDetached, "the network is given back"),
        new(StopPodInitKilled, "the init of a shared PID namespace is killed"),
        new(StopPodInitStopped, "the init is gone"),
        new(StopPodShimAsked, "the shim has given up the namespaces and runs"),
        new(StopPodShimStopped, "the shim has ended"),
        new(StopPodUnmounted, "shm and layers are unmounted"),
        new(StopPodRecorded, "the stop is recorded"),
        new(StopPodTold, "the event is published, nobody was answered"),
        // detaching a pod
        new(CniDelDone, "all plugins have run, the attachment is recorded still"),
        new(CniDelForgotten, "the attachment is forgotten"),
        // RemovePodSandbox
        new(RemovePodStopped, "the pod is stopped"),
        new(RemovePodContainersRemoved, "its containers are removed"),
        new(RemovePodRenamed, "its directory has lost its name: from here on it is gone"),
        new(RemovePodDirectoryRemoved, "its directory is removed"),
        new(RemovePodForgotten, "its name is free, nobody was answered"),
        // RemoveImage
        new(RemoveImageRecordRemoved, "the image's record is removed"),
        new(RemoveImageDocumentsRemoved, "its documents are removed"),
        new(RemoveImageReleased, "its layers are renamed to be removed, nobody was answered"),
        // every file that is replaced as a whole; use :n
        new(FileWritten, "the new content is written under a temporary name"),
        new(FileRenamed, "the new content has its name"),
        // every layer and writable layer that is removed; use :n
        new(TreeRenamed, "the tree has lost its name"),
        // every CNI plugin and OCI runtime that crispd runs; use :n
        new(CommandStarted, "the program has been started"),
        new(CommandEnded, "the program has ended"),
    ];
}
