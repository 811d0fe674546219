using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;

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

    public void Reopen()
    {
        Close();
        var options = _configure(new ImageServiceOptions { Root = Root, RetryDelay = TimeSpan.FromMilliseconds(10) });
        Layers = LayerStore.Open(options.Root);
        Images = ImageStore.Open(options.Root, Layers);
        Snapshotter = Snapshotter.Open(options.Root, Layers);
        Layers.RemoveUnused();
        Puller = new ImagePuller(options, Images, Layers);
        Server = new ImageServer(Images, Puller, Snapshotter, Layers);
    }

    public Task<ImageRecord> PullAsync(string reference) => Puller.PullAsync(reference, null, CancellationToken.None);

    /// <summary>Every file and directory below a part of the root.</summary>
    public IReadOnlyList<string> Names(string part) =>
        [.. Directory.EnumerateFileSystemEntries(Path.Join(Root, part), "*", new EnumerationOptions { AttributesToSkip = 0 }).Select(path => Path.GetFileName(path))];

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
    }
}
