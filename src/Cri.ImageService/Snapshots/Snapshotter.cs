using System.Collections.Concurrent;
using System.Text.Json;
using Cri.ImageService.Layers;
using Cri.ImageService.Removal;
using Cri.Linux;
using Cri.Linux.Faults;
using Grpc.Core;

namespace Cri.ImageService.Snapshots;

/// <summary>
/// Gives each container a writable layer over its image's layers, as an overlay mount for others to make.
/// <code>
/// PrepareAsync -> (mounted by the shim, used, unmounted by the shim) -> RemoveAsync
/// </code>
/// Nothing here is forced to disk: a container does not outlive a reboot, and neither does its writable layer. A
/// container keeps its layers even when its image is removed meanwhile.
/// </summary>
public sealed class Snapshotter
{
    // Between the container and the number of one of its views; no container id contains it.
    private const char ViewMark = '+';

    // Where a snapshot is mounted while its owners are changed; only a crash leaves it there.
    private const string MergedName = "merged";

    private readonly StorageLayout _layout;
    private readonly LayerStore _layers;
    private readonly ConcurrentDictionary<string, Snapshot> _snapshots = new();

    private Snapshotter(StorageLayout layout, LayerStore layers)
    {
        _layout = layout;
        _layers = layers;
    }

    /// <summary>The directory that holds the writable layers.</summary>
    public string Path => _layout.Containers;

    /// <summary>The containers that have a writable layer.</summary>
    public IReadOnlyCollection<string> Containers => [.. _snapshots.Keys.Where(key => !key.Contains(ViewMark))];

    /// <summary>
    /// Whose writable layers or views are there: the containers they were made for, and the names of directories that nobody made
    /// a layer in.
    /// </summary>
    public IReadOnlyCollection<string> Owners =>
    [
        .. Directory.EnumerateDirectories(_layout.Containers).Where(path => !StorageLayout.IsLeftover(path))
            .Select(path => System.IO.Path.GetFileName(path)).Concat(_snapshots.Keys).Select(OwnerOf).Distinct(),
    ];

    /// <summary>The images that containers were made from, or have as volumes: how many containers by the image's id.</summary>
    public IReadOnlyDictionary<string, int> UsedImages => _snapshots
        .Select(pair => (Container: OwnerOf(pair.Key), pair.Value.ImageId)).Distinct()
        .CountBy(use => use.ImageId).ToDictionary();

    /// <summary>The short names of the layers that containers are over, each once.</summary>
    public IReadOnlyCollection<string> UsedLayers => [.. _snapshots.Values.SelectMany(snapshot => snapshot.Lease.Layers).Select(layer => layer.Name).Distinct()];

    /// <summary>
    /// Opens the writable layers below <paramref name="root"/> and takes a lease on the layers below each. What an earlier
    /// process left unfinished is removed in the background.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static Snapshotter Open(string root, LayerStore layers)
    {
        var layout = new StorageLayout(root);
        StorageLayout.CreatePrivate(layout.Containers);
        var snapshotter = new Snapshotter(layout, layers);
        foreach (var path in Directory.EnumerateFileSystemEntries(layout.Containers).ToList())
        {
            snapshotter.Enter(path);
        }

        return snapshotter;
    }

    /// <summary>Makes the writable layer of a container that runs as the host's users do.</summary>
    /// <inheritdoc cref="PrepareAsync(string, ImageRecord, SnapshotIds?, CancellationToken)"/>
    public Task<SnapshotMount> PrepareAsync(string containerId, ImageRecord image, CancellationToken cancellation) =>
        PrepareAsync(containerId, image, null, cancellation);

    /// <summary>
    /// Makes a container's writable layer and says how to mount its root. The overlay is <c>volatile</c>, so it can be
    /// mounted once only.
    /// </summary>
    /// <param name="containerId">The container.</param>
    /// <param name="image">Its image.</param>
    /// <param name="ids">Its user namespace; null for the host's.</param>
    /// <param name="cancellation">Heeded before anything is made.</param>
    /// <exception cref="ImageException">
    /// ALREADY_EXISTS: the container has one; NOT_FOUND: the image was removed meanwhile; RESOURCE_EXHAUSTED: the disk is full.
    /// </exception>
    public async Task<SnapshotMount> PrepareAsync(string containerId, ImageRecord image, SnapshotIds? ids, CancellationToken cancellation)
    {
        CheckId(containerId);
        await MakeAsync(containerId, image, ids, cancellation);
        return DescribeWritable(containerId, image.Layers, ids);
    }

    /// <summary>
    /// Makes a read-only view of a whole image for a container, which keeps the image's layers until the container's
    /// writable layer is removed, and says how to mount it.
    /// </summary>
    /// <param name="containerId">The container.</param>
    /// <param name="number">Tells the container's views apart.</param>
    /// <param name="image">The image.</param>
    /// <param name="ids">The container's user namespace; null for the host's.</param>
    /// <param name="cancellation">Heeded before anything is made.</param>
    /// <exception cref="ImageException">As for the writable layer.</exception>
    public async Task<SnapshotMount> PrepareViewAsync(
        string containerId, int number, ImageRecord image, SnapshotIds? ids, CancellationToken cancellation)
    {
        CheckId(containerId);
        var key = $"{containerId}{ViewMark}{number}";
        await MakeAsync(key, image, ids, cancellation);
        if (image.Files is { } files)
        {
            await FillAsync(key, files);
        }

        return image.Layers.Count == 0
            ? new SnapshotMount("bind", UpperPath(key), ["bind", "ro"])
            : new SnapshotMount("overlay", "overlay", [$"lowerdir={UpperPath(key)}:{Lower(image.Layers, ids)}", "ro"]);
    }

    /// <summary>
    /// Removes a container's writable layer and its views of other images, none of which may be mounted; their space is freed
    /// in the background. Does nothing when it has none.
    /// </summary>
    /// <exception cref="ImageException">It cannot be renamed; it stays the container's, and may be tried again.</exception>
    public Task RemoveAsync(string containerId)
    {
        CheckId(containerId);
        return RemoveAsync(containerId, null);
    }
    /// <summary>The space that a container has written; null when it has no writable layer. Reads the tree.</summary>
    public FileSystemUsage? Usage(string containerId) =>
        _snapshots.ContainsKey(containerId) ? FileSystemUsage.OfTree(UpperPath(containerId)) : null;

    /// <summary>The space that all containers have written, with what is gone but not yet removed from disk. Reads their trees.</summary>
    public FileSystemUsage TotalUsage() => Containers.Select(Usage).OfType<FileSystemUsage>()
        .Aggregate(_layers.Removal.Pending(_layout.Containers), (sum, usage) => sum + usage);

    /// <summary>The directory that holds what a container has written.</summary>
    public string UpperPath(string containerId) => System.IO.Path.Join(_layout.Container(containerId), "upper");

    /// <summary>
    /// A directory beside a container's writable layer for what else it needs on disk, such as a checkpoint; gone with it. The
    /// caller makes it.
    /// </summary>
    public string ScratchPath(string containerId, string name) => System.IO.Path.Join(_layout.Container(containerId), $"scratch-{name}");

    /// <summary>
    /// Extracts a layer's tar, plain, in gzip or in zstd, into a directory such as a writable layer that is not mounted yet.
    /// Nothing outside the directory can be touched, whatever the archive says.
    /// </summary>
    /// <exception cref="InvalidDataException">The archive is damaged or hostile.</exception>
    /// <exception cref="IOException">The disk or the stream failed.</exception>
    public static void Unpack(Stream archive, string directory)
    {
        var magic = new byte[LayerCompression.MagicLength];
        var count = archive.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        archive.Position = 0;
        try
        {
            LayerExtractor.Extract(LayerCompression.Open(archive, magic.AsSpan(0, count)), directory);
        }
        catch (LayerFormatException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    /// <summary>
    /// Removes the writable layers of all containers but those in <paramref name="known"/>; returns whose they were. The last
    /// step of a start: what it found of an earlier run is told when all of it is gone.
    /// </summary>
    public async Task<IReadOnlyList<string>> SweepAsync(IEnumerable<string> known)
    {
        var orphans = _snapshots.Keys.Select(OwnerOf).Distinct().Except(known).ToList();
        foreach (var orphan in orphans)
        {
            _layers.Leftovers.Found("writable layers of unknown containers");
            await RemoveAsync(orphan, _layers.Leftovers);
        }

        _layers.Leftovers.Complete();
        return orphans;
    }

    private static void CheckId(string containerId)
    {
        var valid = containerId.Length > 0 && containerId[0] != '.'
            && containerId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (!valid)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"\"{containerId}\" is not a container id");
        }
    }

    private static string OwnerOf(string key) => key.Split(ViewMark)[0];

    private async Task RemoveAsync(string containerId, LeftoverReport? report)
    {
        var views = Directory.EnumerateDirectories(_layout.Containers, $"{containerId}{ViewMark}*").Select(path => System.IO.Path.GetFileName(path));
        foreach (var key in _snapshots.Keys.Where(key => OwnerOf(key) == containerId).Concat(views).Append(containerId).Distinct().ToList())
        {
            await RemoveOneAsync(key, report);
        }
    }

    private async Task MakeAsync(string key, ImageRecord image, SnapshotIds? ids, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var lease = _layers.TryLease(image.Layers)
            ?? throw new ImageException(StatusCode.NotFound, $"container {OwnerOf(key)}: image {image.Id} has been removed");
        if (!_snapshots.TryAdd(key, new Snapshot(image.Id, lease)))
        {
            await lease.DisposeAsync();
            throw new ImageException(StatusCode.AlreadyExists, $"container {OwnerOf(key)}: it has a writable layer already");
        }

        try
        {
            Create(key, image, lease.Layers);
            await ShiftAsync(key, image.Layers, ids);
        }
        catch (IOException error)
        {
            await RemoveOneAsync(key);
            throw ImageException.FromDisk($"container {OwnerOf(key)}: make its writable layer", error);
        }
    }

    // The files of an artifact get second names, which keep them when the artifact is removed.
    private async Task FillAsync(string key, IReadOnlyList<ArtifactFile> files)
    {
        try
        {
            new ArtifactView(_layout).Fill(UpperPath(key), files);
        }
        catch (IOException error)
        {
            await RemoveOneAsync(key);
            throw ImageException.FromDisk($"container {OwnerOf(key)}: show the files of an artifact", error);
        }
    }

    private async Task RemoveOneAsync(string key, LeftoverReport? report = null)
    {
        try
        {
            await Task.Run(() => _layers.Removal.Remove(_layout.Container(key), null, report));
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"container {OwnerOf(key)}: remove its writable layer", error);
        }

        if (_snapshots.TryRemove(key, out var snapshot))
        {
            await snapshot.Lease.DisposeAsync();
        }
    }

    private void Create(string key, ImageRecord image, IReadOnlyList<Layer> layers)
    {
        var directory = _layout.Container(key);
        Directory.CreateDirectory(directory);
        FaultPoint.Reach(FaultPoints.CreateSnapshotMade);
        var metadata = new SnapshotMetadata { ImageId = image.Id, Layers = image.Layers };
        AtomicFile.WriteVolatile(
            System.IO.Path.Join(directory, SnapshotMetadata.FileName),
            JsonSerializer.SerializeToUtf8Bytes(metadata, SnapshotJson.Default.SnapshotMetadata));
        Directory.CreateDirectory(WorkPath(key));
        Directory.CreateDirectory(UpperPath(key));
        using var stack = new LayerTrees([.. layers.Select(layer => (layer, _layers.TreePath(layer.Name)))]);
        stack.RestoreImplied(UpperPath(key));
    }

    // With translated layers only the few directories of the upper layer need other owners; without, everything does, and
    // overlayfs copies it up.
    private async Task ShiftAsync(string key, IReadOnlyList<string> layers, SnapshotIds? ids)
    {
        if (ids is null)
        {
            return;
        }

        var shift = new OwnerShift(ids.Ids);
        if (ids.MappedLayers is not null || layers.Count == 0)
        {
            shift.Run(UpperPath(key));
        }
        else
        {
            await Task.Run(() => ShiftCopy(shift, key, layers));
        }
    }

    private void ShiftCopy(OwnerShift shift, string key, IReadOnlyList<string> layers)
    {
        var merged = System.IO.Path.Join(_layout.Container(key), MergedName);
        var mount = DescribeWritable(key, layers, null);
        Directory.CreateDirectory(merged);
        Mount.Make(mount.Type, mount.Source, merged, mount.Options);
        try
        {
            shift.Run(merged);
        }
        finally
        {
            Mount.UnmountAll(merged);
        }

        // An upper layer that was mounted volatile is refused with the same work directory.
        Directory.Delete(merged);
        FileTree.Remove(WorkPath(key));
        Directory.CreateDirectory(WorkPath(key));
    }

    private SnapshotMount DescribeWritable(string key, IReadOnlyList<string> layers, SnapshotIds? ids) => layers.Count == 0
        ? new SnapshotMount("bind", UpperPath(key), ["rbind", "rw"])
        : new SnapshotMount(
            "overlay", "overlay", [$"lowerdir={Lower(layers, ids)}", $"upperdir={UpperPath(key)}", $"workdir={WorkPath(key)}", "volatile"]);

    private string Lower(IReadOnlyList<string> layers, SnapshotIds? ids) =>
        string.Join(':', layers.Reverse().Select(name => StorageLayout.LayerTree(ids?.MappedLayers ?? _layers.Directory, name)));

    private string WorkPath(string key) => System.IO.Path.Join(_layout.Container(key), "work");

    private void Enter(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        if (StorageLayout.IsLeftover(path))
        {
            _layers.Leftovers.Found("interrupted removals");
            _layers.Removal.RemoveNameless(path, null, _layers.Leftovers);
        }
        else if (name is "lost+found" || name.StartsWith('.') || !Directory.Exists(path) || IsNewer(path))
        {
            _layers.Leftovers.FoundUnknown(path);
        }
        else if (Load(path) is { } snapshot)
        {
            _snapshots.TryAdd(name, snapshot);
        }
        else
        {
            // Without its metadata or its layers it never was mounted, or the machine went down under it.
            _layers.Leftovers.Found("writable layers without their image");
            _layers.Removal.Remove(path, null, _layers.Leftovers);
        }
    }

    private bool IsNewer(string path)
    {
        try
        {
            var file = System.IO.Path.Join(path, SnapshotMetadata.FileName);
            RecordVersion.Check(file, File.Exists(file) ? File.ReadAllBytes(file) : []);
            return false;
        }
        catch (NewerRecordException)
        {
            _layers.KeepsAll = true;
            return true;
        }
    }

    private Snapshot? Load(string path)
    {
        Mount.UnmountAll(System.IO.Path.Join(path, MergedName));
        try
        {
            var content = File.ReadAllBytes(System.IO.Path.Join(path, SnapshotMetadata.FileName));
            var metadata = JsonSerializer.Deserialize(content, SnapshotJson.Default.SnapshotMetadata);
            return metadata is not null && _layers.TryLeaseAsTheyAre(metadata.Layers) is { } lease ? new Snapshot(metadata.ImageId, lease) : null;
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    private sealed record Snapshot(string ImageId, LayerLease Lease);
}
