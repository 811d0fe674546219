using System.Collections.Concurrent;
using System.Text.Json;
using Cri.ImageService.Layers;
using Cri.Linux;
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
    private readonly StorageLayout _layout;
    private readonly LayerStore _layers;
    private readonly ConcurrentDictionary<string, LayerLease> _leases = new();

    private Snapshotter(StorageLayout layout, LayerStore layers)
    {
        _layout = layout;
        _layers = layers;
    }

    /// <summary>The directory that holds the writable layers.</summary>
    public string Path => _layout.Containers;

    /// <summary>The containers that have a writable layer.</summary>
    public IReadOnlyCollection<string> Containers => [.. _leases.Keys];

    /// <summary>
    /// Opens the writable layers below <paramref name="root"/>, after sweeping what an earlier process left unfinished, and
    /// takes a lease on the layers below each.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static Snapshotter Open(string root, LayerStore layers)
    {
        var layout = new StorageLayout(root);
        StorageLayout.Sweep(layout.Containers);
        var snapshotter = new Snapshotter(layout, layers);
        foreach (var path in Directory.EnumerateDirectories(layout.Containers).ToList())
        {
            snapshotter.Load(path);
        }

        return snapshotter;
    }

    /// <summary>
    /// Makes a container's writable layer and says how to mount its root. The overlay is <c>volatile</c>, so it can be
    /// mounted once only.
    /// </summary>
    /// <exception cref="ImageException">
    /// ALREADY_EXISTS: the container has one; NOT_FOUND: the image was removed meanwhile; RESOURCE_EXHAUSTED: the disk is full.
    /// </exception>
    public async Task<SnapshotMount> PrepareAsync(string containerId, ImageRecord image, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        CheckId(containerId);
        var lease = _layers.TryLease(image.Layers)
            ?? throw new ImageException(StatusCode.NotFound, $"container {containerId}: image {image.Id} has been removed");
        if (!_leases.TryAdd(containerId, lease))
        {
            await lease.DisposeAsync();
            throw new ImageException(StatusCode.AlreadyExists, $"container {containerId}: it has a writable layer already");
        }

        try
        {
            Create(containerId, image, lease.Layers);
            return Describe(containerId, image.Layers);
        }
        catch (IOException error)
        {
            await RemoveAsync(containerId);
            throw ImageException.FromDisk($"container {containerId}: make its writable layer", error);
        }
    }

    /// <summary>Removes a container's writable layer, which must not be mounted. Does nothing when it has none.</summary>
    /// <exception cref="ImageException">It cannot be removed from disk; a later start sweeps it.</exception>
    public async Task RemoveAsync(string containerId)
    {
        CheckId(containerId);
        try
        {
            await Task.Run(() => StorageLayout.Remove(_layout.Container(containerId)));
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"container {containerId}: remove its writable layer", error);
        }

        if (_leases.TryRemove(containerId, out var lease))
        {
            await lease.DisposeAsync();
        }
    }

    /// <summary>The space that a container has written; null when it has no writable layer. Reads the tree.</summary>
    public FileSystemUsage? Usage(string containerId) =>
        _leases.ContainsKey(containerId) ? FileSystemUsage.OfTree(UpperPath(containerId)) : null;

    /// <summary>The space that all containers have written. Reads their trees.</summary>
    public FileSystemUsage TotalUsage() =>
        Containers.Select(Usage).OfType<FileSystemUsage>().Aggregate(FileSystemUsage.None, (sum, usage) => sum + usage);

    /// <summary>The directory that holds what a container has written.</summary>
    public string UpperPath(string containerId) => System.IO.Path.Join(_layout.Container(containerId), "upper");

    /// <summary>Removes the writable layers of all containers but those in <paramref name="known"/>; returns whose they were.</summary>
    public async Task<IReadOnlyList<string>> SweepAsync(IEnumerable<string> known)
    {
        var orphans = _leases.Keys.Except(known).ToList();
        foreach (var orphan in orphans)
        {
            await RemoveAsync(orphan);
        }

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

    private void Create(string containerId, ImageRecord image, IReadOnlyList<Layer> layers)
    {
        var directory = _layout.Container(containerId);
        Directory.CreateDirectory(directory);
        var metadata = new SnapshotMetadata { ImageId = image.Id, Layers = image.Layers };
        AtomicFile.WriteVolatile(
            System.IO.Path.Join(directory, SnapshotMetadata.FileName),
            JsonSerializer.SerializeToUtf8Bytes(metadata, SnapshotJson.Default.SnapshotMetadata));
        Directory.CreateDirectory(System.IO.Path.Join(directory, "work"));
        Directory.CreateDirectory(UpperPath(containerId));
        using var stack = new LayerTrees([.. layers.Select(layer => (layer, _layers.TreePath(layer.Name)))]);
        stack.RestoreImplied(UpperPath(containerId));
    }

    private SnapshotMount Describe(string containerId, IReadOnlyList<string> layers)
    {
        if (layers.Count == 0)
        {
            return new SnapshotMount("bind", UpperPath(containerId), ["rbind", "rw"]);
        }

        var lower = string.Join(':', layers.Reverse().Select(_layers.TreePath));
        var work = System.IO.Path.Join(_layout.Container(containerId), "work");
        return new SnapshotMount("overlay", "overlay", [$"lowerdir={lower}", $"upperdir={UpperPath(containerId)}", $"workdir={work}", "volatile"]);
    }

    private void Load(string path)
    {
        try
        {
            var content = File.ReadAllBytes(System.IO.Path.Join(path, SnapshotMetadata.FileName));
            var metadata = JsonSerializer.Deserialize(content, SnapshotJson.Default.SnapshotMetadata);
            if (metadata is not null && _layers.TryLease(metadata.Layers) is { } lease)
            {
                _leases.TryAdd(System.IO.Path.GetFileName(path), lease);
                return;
            }
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
        }

        // Without its metadata or its layers it never was mounted, or the machine went down under it.
        StorageLayout.Remove(path);
    }
}
