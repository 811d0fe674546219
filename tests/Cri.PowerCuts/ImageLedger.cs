using Cri.ImageService.Integrity;

namespace Cri.PowerCuts;

/// <summary>Which images there should be below a root, and whether what is there is that, every byte of it, and nothing else.</summary>
public sealed class ImageLedger(string root, string registry)
{
    private readonly HashSet<CutImage> _present = [];

    // Of these nobody was told whether they are there.
    private readonly HashSet<CutImage> _open = [];

    /// <summary>How many images were compared.</summary>
    public int Compared { get; private set; }

    public bool Has(CutImage image) => _present.Contains(image);

    public string NameOf(CutImage image) => $"{registry}/{image.Repository}:latest";

    /// <summary>Someone was told that a pull or removal succeeded.</summary>
    public void Note(CutImage image, bool isPresent)
    {
        _open.Remove(image);
        _ = isPresent ? _present.Add(image) : _present.Remove(image);
    }

    /// <summary>A pull or removal was broken off.</summary>
    public void NoteBroken(CutImage image)
    {
        _present.Remove(image);
        _open.Add(image);
    }

    /// <summary>What had succeeded is so; what was broken off is wholly there, or not at all.</summary>
    public void Learn(Stores stores)
    {
        foreach (var image in _open.Where(image => stores.Images.Find(NameOf(image)) is not null))
        {
            _present.Add(image);
        }

        _open.Clear();
        var names = stores.Images.Images.SelectMany(record => record.RepoTags).Order().ToList();
        var expected = _present.Select(NameOf).Order().ToList();
        Require(names.SequenceEqual(expected), $"there are {string.Join(", ", names)}; there should be {string.Join(", ", expected)}");
        Require(stores.Images.DamagedImages.Count == 0, $"damaged images: {string.Join("; ", stores.Told)}");
    }

    /// <summary>Ends the start of the stores as a server does, and looks at everything.</summary>
    public async Task CheckAsync(Stores stores)
    {
        Learn(stores);
        await stores.Snapshots.SweepAsync([]);
        await stores.Layers.Removal.WhenIdleAsync();
        await foreach (var found in new ImageVerification(stores.Images, stores.Layers).RunAsync([], CancellationToken.None))
        {
            Require(found is not ContentDamage, $"{found}");
        }

        foreach (var image in _present)
        {
            CheckContent(stores, image);
        }

        CheckLeftovers(stores);
    }

    private void CheckContent(Stores stores, CutImage image)
    {
        var record = stores.Images.Find(NameOf(image))!;
        for (var i = 0; i < record.Layers.Count; i++)
        {
            var wrong = image.FindWrongByte(i, stores.Layers.TreePath(record.Layers[i]));
            Require(wrong is null, $"image {image.Repository}, layer {i}: {wrong}");
        }

        Compared++;
    }

    private void CheckLeftovers(Stores stores)
    {
        var records = stores.Images.Images;
        RequireSame("", ["blobs", "containers", "images", "layers", "run.json"], "lost+found");
        RequireSame("layers", records.SelectMany(record => record.Layers));
        RequireSame("images", records.Select(record => $"{record.Id["sha256:".Length..]}.json"));
        RequireSame("blobs/sha256", records.SelectMany(record => record.Documents).Select(digest => digest.Hex));
        RequireSame("containers", []);
    }

    private void RequireSame(string part, IEnumerable<string> expected, params string[] allowed)
    {
        var directory = Path.Join(root, part);
        var names = Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName) : [];
        var (left, missing) = (names.Except(expected).Except(allowed).ToList(), expected.Except(names).ToList());
        Require(left.Count == 0, $"left over in /{part}: {string.Join(", ", left)}");
        Require(missing.Count == 0, $"missing in /{part}: {string.Join(", ", missing)}");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidOperationException(message);
        }
    }
}
