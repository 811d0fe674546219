using System.Collections.Concurrent;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;
using Cri.ImageService.Transfer.Export;
using Cri.ImageService.Transfer.Import;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>The whole image service over a root of its own, wired as the server wires it; reopen it to restart.</summary>
public sealed class ImageNode : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Func<ImageServiceOptions, ImageServiceOptions> _configure;

    public ImageNode(Func<ImageServiceOptions, ImageServiceOptions>? configure = null, string? root = null)
    {
        Root = root ?? _directory.Path;
        _configure = configure ?? (options => options);
        Reopen();
    }

    public string Root { get; }

    public LayerStore Layers { get; private set; } = null!;

    public ImageStore Images { get; private set; } = null!;

    public Snapshotter Snapshotter { get; private set; } = null!;

    public ImagePuller Puller { get; private set; } = null!;

    public ImageServer Server { get; private set; } = null!;

    public ImageImporter Importer { get; private set; } = null!;

    public ImageExporter Exporter { get; private set; } = null!;

    /// <summary>Ends it and starts it again; <paramref name="meanwhile"/> runs in between.</summary>
    public void Reopen(Action? meanwhile = null)
    {
        Close();
        meanwhile?.Invoke();
        var options = _configure(new ImageServiceOptions
        {
            Root = Root,
            RetryDelay = TimeSpan.FromMilliseconds(10),

            // Nothing stalls unless its test says so: a transfer may wait for a disk that others keep busy.
            StallTimeout = TimeSpan.FromMinutes(10),
        });
        Layers = LayerStore.Open(options.Root, new ImageJournal(Told.Enqueue, Told.Enqueue));
        Images = ImageStore.Open(options.Root, Layers, options.Pinned);
        Snapshotter = Snapshotter.Open(options.Root, Layers);
        Layers.RemoveUnused();
        Puller = new ImagePuller(options, Images, Layers);
        Server = new ImageServer(Images, Puller, Snapshotter, Layers);
        Importer = new ImageImporter(Images, Puller);
        Exporter = new ImageExporter(Images, Layers);
    }

    public Task<IReadOnlyList<ImportedImage>> ImportAsync(string path, string name = "", string? platform = null) =>
        Importer.ImportAsync(path, Options(name, platform), CancellationToken.None);

    public Task<IReadOnlyList<ImportedImage>> ImportAsync(byte[] archive, string name = "", string? platform = null) =>
        Importer.ImportAsync(new MemoryStream(archive), Options(name, platform), CancellationToken.None);

    public Task<ImageRecord> PullAsync(string reference) => Puller.PullAsync(reference, null, CancellationToken.None);

    /// <summary>What an operator was told.</summary>
    public ConcurrentQueue<string> Told { get; } = [];

    /// <summary>Every file and directory below a part of the root, when what was removed is gone from disk.</summary>
    public IReadOnlyList<string> Names(string part)
    {
        Assert.True(Layers.Removal.WhenIdleAsync().Wait(TimeSpan.FromMinutes(5)), "what was removed is not gone yet");
        return [.. Directory.EnumerateFileSystemEntries(Path.Join(Root, part), "*", new EnumerationOptions { AttributesToSkip = 0 }).Select(path => Path.GetFileName(path))];
    }

    /// <summary>Where the tree of an image's layer lies, counted from the bottom.</summary>
    public string Tree(ImageRecord image, int layer = 0) => Layers.TreePath(image.Layers[layer]);

    public void AssertEmpty()
    {
        Assert.Empty(Images.Images);
        Assert.Empty(Names("layers"));
        Assert.Empty(Names("images"));
        Assert.Empty(Directory.EnumerateFiles(Path.Join(Root, "blobs"), "*", SearchOption.AllDirectories));
    }

    public void Dispose()
    {
        Close();
        _directory.Dispose();
    }

    private void Close()
    {
        Puller?.Dispose();
        Images?.Dispose();
        Layers?.Dispose();
    }

    private static ImportOptions Options(string name, string? platform) =>
        new() { Name = name, Platform = platform is null ? Cri.Oci.Images.Platform.Host : Cri.Oci.Images.Platform.Parse(platform) };
}
