using System.Text.Json;
using Cri.ImageService.Snapshots;
using Cri.Linux.Faults;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>
/// CheckpointContainer: writes the state of a running container to an archive, in these steps:
/// <list type="number">
/// <item>check the request, the container and CRIU; nothing is touched before</item>
/// <item>freeze the container, so that memory and files belong together</item>
/// <item>have CRIU dump its processes, by the shim and the OCI runtime</item>
/// <item>copy what it changed in its root file system, its log and what is known of it</item>
/// <item>let it run on, whatever happened</item>
/// <item>write the archive and give it its name</item>
/// </list>
/// A failure leaves the container running and no file. At the timeout the caller is answered at once; a dump cannot be stopped
/// half-way without harm to the container, so that it goes on and is then thrown away.
/// </summary>
public sealed class ContainerCheckpointer(Snapshotter snapshots, CriuCheck criu, Journal journal)
{
    /// <summary>The container's scratch directory that a checkpoint is put together in.</summary>
    public const string Scratch = "checkpoint";

    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _resumeBound = TimeSpan.FromMinutes(2);

    /// <summary>Writes the checkpoint.</summary>
    /// <param name="container">The container.</param>
    /// <param name="location">The absolute path of the archive; its directory must exist.</param>
    /// <param name="timeout">How long it may take; null for 10 minutes.</param>
    /// <param name="cancellationToken">Ends when the caller has given up.</param>
    public async Task CheckpointAsync(Container container, string location, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        // 1. Check.
        CheckLocation(container, location);
        var shim = CheckState(container);
        await criu.RequireAsync($"checkpoint of container {container.Id}", cancellationToken);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout ?? _defaultTimeout);
        var dump = DumpInTurnAsync(container, shim, location, limit.Token);
        try
        {
            await dump.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _ = ObserveAsync(container, dump);
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"checkpoint of container {container.Id}: not finished {(cancellationToken.IsCancellationRequested ? "when the caller gave up" : $"within {(timeout ?? _defaultTimeout).TotalSeconds:0} s")}; it is thrown away"));
        }
    }

    private static void CheckLocation(Container container, string location)
    {
        if (!location.StartsWith('/') || location.EndsWith('/') || Directory.Exists(location))
        {
            throw CriError.Invalid($"checkpoint of container {container.Id}: location \"{location}\" is not the absolute path of a file");
        }

        if (!Directory.Exists(Path.GetDirectoryName(location)))
        {
            throw CriError.Invalid($"checkpoint of container {container.Id}: the directory of location \"{location}\" does not exist");
        }
    }

    private static Shim CheckState(Container container) => container.State == V1.ContainerState.ContainerRunning
        ? container.Sandbox.RequireShim()
        : throw CriError.Precondition(
            $"checkpoint of container {container.Id}: it is in state {ContainerView.StateName(container.State)}, not CONTAINER_RUNNING");

    private async Task DumpInTurnAsync(Container container, Shim shim, string location, CancellationToken cancellationToken)
    {
        using var turn = await container.EnterAsync("CheckpointContainer", cancellationToken);
        CheckState(container);
        var directory = snapshots.ScratchPath(container.Id, Scratch);
        try
        {
            // What an earlier server left unfinished.
            Remove(directory);
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await FreezeAndDumpAsync(container, shim, directory, cancellationToken);

            // 6. Archive.
            await Task.Run(() => CheckpointArchive.Write(directory, location, cancellationToken), CancellationToken.None);
        }
        catch (TtrpcException error)
        {
            throw new RpcException(new Status(
                TtrpcStatus.ToGrpc(error), $"checkpoint of container {container.Id}: {error.Message}{CriuLog.Errors(directory, CheckpointNames.DumpLog)}"));
        }
        catch (IOException error)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"checkpoint of container {container.Id}: {error.Message}"));
        }
        finally
        {
            Remove(directory);
        }
    }

    private async Task FreezeAndDumpAsync(Container container, Shim shim, string directory, CancellationToken cancellationToken)
    {
        // 2. Freeze.
        await shim.Tasks.PauseAsync(new PauseRequest { Id = container.Id }, CancellationToken.None);
        FaultPoint.Reach(FaultPoints.CheckpointFrozen);
        try
        {
            // 3. Dump.
            cancellationToken.ThrowIfCancellationRequested();
            var options = new CheckpointOptions { WorkPath = directory };
            await shim.Tasks.CheckpointAsync(
                new CheckpointTaskRequest
                {
                    Id = container.Id,
                    Path = Path.Join(directory, CheckpointNames.Images),
                    Options = TypeUrl.Pack(TypeUrl.CheckpointOptions, options),
                },
                CancellationToken.None);

            // 4. Copy.
            await Task.Run(() => Describe(container, directory, cancellationToken), CancellationToken.None);
        }
        finally
        {
            // 5. Run on.
            await ResumeAsync(container, shim);
        }
    }

    private void Describe(Container container, string directory, CancellationToken cancellationToken)
    {
        var files = container.Files;
        var deleted = RootfsDiff.Write(
            snapshots.UpperPath(container.Id), Path.Join(files.Bundle, "rootfs"), Path.Join(directory, CheckpointNames.RootfsDiff), cancellationToken);
        Write(CheckpointNames.DeletedFiles, JsonSerializer.SerializeToUtf8Bytes([.. deleted], CheckpointJson.Default.StringArray));
        var record = container.Record;
        Write(CheckpointNames.ConfigDump, JsonSerializer.SerializeToUtf8Bytes(CheckpointView.Config(container), CheckpointJson.Default.ConfigDump));
        Write(CheckpointNames.StatusDump, JsonSerializer.SerializeToUtf8Bytes(CheckpointView.Status(record), StatusDumpJson.Default.StatusDump));
        Write(CheckpointNames.Status, JsonSerializer.SerializeToUtf8Bytes(CheckpointView.Times(record), CheckpointJson.Default.StatusTimes));
        File.Copy(files.Config, Path.Join(directory, CheckpointNames.SpecDump));
        if (File.Exists(record.LogPath))
        {
            File.Copy(record.LogPath, Path.Join(directory, CheckpointNames.ContainerLog));
        }

        void Write(string name, byte[] content) => File.WriteAllBytes(Path.Join(directory, name), content);
    }

    private async Task ResumeAsync(Container container, Shim shim)
    {
        using var bound = new CancellationTokenSource(_resumeBound);
        try
        {
            await shim.Tasks.ResumeAsync(new ResumeRequest { Id = container.Id }, bound.Token);
        }
        catch (Exception error) when (error is TtrpcException or OperationCanceledException)
        {
            // It may have been killed meanwhile, and thawed for that.
            if (container.State == V1.ContainerState.ContainerRunning)
            {
                journal.Warn($"checkpoint of container {container.Id}: it cannot be resumed: {error.Message}");
            }
        }
    }

    private async Task ObserveAsync(Container container, Task dump)
    {
        try
        {
            await dump;
        }
        catch (Exception error)
        {
            journal.Warn($"checkpoint of container {container.Id}, given up: {error.Message}");
        }
    }

    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
