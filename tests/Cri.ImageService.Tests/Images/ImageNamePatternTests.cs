using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Images;

public sealed class ImageNamePatternTests
{
    [Theory]
    [InlineData("registry.example.com/team/*", "registry.example.com/team/app:v1", true)]
    [InlineData("registry.example.com/team/*", "registry.example.com/team/sub/app:v1", false)]
    [InlineData("registry.example.com/**", "registry.example.com/team/sub/app:v1", true)]
    [InlineData("registry.example.com/team/app", "registry.example.com/team/app:v1", true)]
    [InlineData("registry.example.com/team/app:v1", "registry.example.com/team/app:v1", true)]
    [InlineData("registry.example.com/team/app:v1", "registry.example.com/team/app:v2", false)]
    [InlineData("registry.example.com/team/app:v*", "registry.example.com/team/app:v2", true)]
    [InlineData("registry.example.com/team/app", "registry.example.com/team/application:v1", false)]
    [InlineData("**/pause:*", "registry.k8s.io/pause:3.10", true)]
    [InlineData("docker.io/library/busybox", "docker.io/library/busybox:latest", true)]
    [InlineData("*", "docker.io/library/busybox:latest", false)]
    [InlineData("**", "docker.io/library/busybox:latest", true)]
    public void Matches_CompleteName_AsThePatternSays(string pattern, string name, bool expected) =>
        Assert.Equal(expected, ImageNamePattern.Parse(pattern).Matches(Image(name)));

    [Theory]
    [InlineData("")]
    [InlineData("busybox")]
    [InlineData("docker.io/busybox")]
    [InlineData("not a name")]
    public void Parse_WhatMatchesNothing_IsRefused(string pattern) =>
        Assert.Throws<FormatException>(() => ImageNamePattern.Parse(pattern));

    private static ImageRecord Image(string name) => new()
    {
        Id = "sha256:0",
        RepoTags = [name],
        RepoDigests = [],
        Size = 0,
        Config = new ImageConfig(),
        Layers = [],
        DiffIds = [],
        PulledAt = DateTimeOffset.UnixEpoch,
    };
}
