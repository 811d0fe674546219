using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests.Transfer;

/// <summary>What other tools write comes in as it is.</summary>
public sealed class ForeignToolTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ImageNode _node = new();
    private readonly TestImage _image = new TestImage()
        .Layer(new LayerTar().File("hello", "a"))
        .Layer(new LayerTar().File("hello", "b"), "none")
        .Finish();

    public ForeignToolTests() => _image.WriteLayout(_directory.Join("source"), "x");

    public void Dispose()
    {
        _node.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("oci", "example.com/app:1")]
    [InlineData("oci", "1")]
    [InlineData("oci-archive", "example.com/app:1")]
    [InlineData("docker-archive", "example.com/app:1")]
    public async Task Import_WhatSkopeoWrote_IsTheSameImage(string transport, string name)
    {
        var path = _directory.Join("copy");
        Command.Run("skopeo", "copy", "-q", "--insecure-policy", $"oci:{_directory.Join("source")}:x", $"{transport}:{path}:{name}");

        var imported = Assert.Single(await _node.ImportAsync(path, name.Contains('/') ? "" : "example.com/app"));

        Assert.Equal(["example.com/app:1"], imported.Names);
        Assert.Equal("b", File.ReadAllText(Path.Join(_node.Tree(imported.Record, 1), "hello")));
        if (transport != "docker-archive")
        {
            Assert.Equal(_image.Id, imported.Record.Id);
        }
    }

    [Fact]
    public async Task Import_WhatUmociMade_IsAnImage()
    {
        var layout = _directory.Join("umoci");
        Command.Run("umoci", "init", "--layout", layout);
        Command.Run("umoci", "new", "--image", $"{layout}:1");
        Command.Run("umoci", "unpack", "--image", $"{layout}:1", _directory.Join("bundle"));
        File.WriteAllText(_directory.Join("bundle", "rootfs", "hello"), "umoci");
        Command.Run("umoci", "repack", "--image", $"{layout}:1", _directory.Join("bundle"));

        var imported = Assert.Single(await _node.ImportAsync(layout, "example.com/app"));

        Assert.Equal(["example.com/app:1"], imported.Names);
        Assert.Equal("umoci", File.ReadAllText(Path.Join(_node.Tree(imported.Record), "hello")));
    }
}
