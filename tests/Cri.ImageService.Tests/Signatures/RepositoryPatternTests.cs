using Cri.ImageService.Signatures;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Signatures;

public sealed class RepositoryPatternTests
{
    [Theory]
    [InlineData("**", "docker.io/library/nginx", true)]
    [InlineData("registry.test/**", "registry.test/a", true)]
    [InlineData("registry.test/**", "registry.test/a/b/c", true)]
    [InlineData("registry.test/**", "registry.test:5000/a", false)]
    [InlineData("registry.test/**", "other.registry.test/a", false)]
    [InlineData("registry.test/team/*", "registry.test/team/app", true)]
    [InlineData("registry.test/team/*", "registry.test/team/app/part", false)]
    [InlineData("registry.test/team/*", "registry.test/team", false)]
    [InlineData("registry.test/team", "registry.test/team", true)]
    [InlineData("registry.test/team", "registry.test/team/app", false)]
    [InlineData("registry.test/*/app", "registry.test/team/app", true)]
    [InlineData("registry.test/**/app", "registry.test/a/b/app", true)]
    [InlineData("registry.test/app-*", "registry.test/app-1", true)]
    [InlineData("registry.test/app-*", "registry.test/app", false)]
    [InlineData("*.registry.test/**", "eu.registry.test/a", true)]
    [InlineData("*.registry.test/**", "registry.test/a", false)]
    [InlineData("Registry.Test/**", "REGISTRY.test/a", true)]
    [InlineData("registry.test/**", "registry.test:443/a", true)]
    [InlineData("registry.test:443/**", "registry.test/a", true)]
    [InlineData("index.docker.io/library/*", "nginx", true)]
    [InlineData("localhost/**", "localhost/a", true)]
    [InlineData("[::1]:5000/**", "[::1]:5000/a", true)]
    public void Matches_Name_IsAsExpected(string pattern, string name, bool expected) =>
        Assert.Equal(expected, RepositoryPattern.Parse(pattern).Matches(ImageReference.Parse(name)));

    [Theory]
    [InlineData("", "expected a repository")]
    [InlineData("registry.test/a b", "expected a repository")]
    [InlineData("registry.test", "registry.test/**")]
    [InlineData("registry.test/", "registry.test/**")]
    [InlineData("/app", "is no repository")]
    [InlineData("registry.test/app:v1", "leave out the tag")]
    [InlineData("registry.test/app@sha256:00", "leave out the tag")]
    [InlineData("registry.test/App", "lower case")]
    [InlineData("library/nginx", "docker.io/library/nginx")]
    [InlineData("docker.io/nginx", "docker.io/library/nginx")]
    [InlineData("docker.io/*", "docker.io/library/*")]
    public void Parse_MistakenPattern_SaysWhy(string pattern, string why)
    {
        var error = Assert.Throws<FormatException>(() => RepositoryPattern.Parse(pattern));

        Assert.Contains(why, error.Message);
    }

    [Fact]
    public void Parse_LongerThanAnyName_IsRefused() =>
        Assert.Throws<FormatException>(() => RepositoryPattern.Parse($"registry.test/{new string('*', 300)}"));

    [Fact]
    public void Matches_ManyWildcards_IsQuick()
    {
        var pattern = RepositoryPattern.Parse("registry.test/" + string.Concat(Enumerable.Repeat("*a", 100)));

        Assert.False(pattern.Matches(ImageReference.Parse($"registry.test/{new string('a', 200)}b")));
    }

    [Theory]
    [InlineData("**", "registry.test/a", true)]
    [InlineData("registry.test/**", "registry.test/a/*", true)]
    [InlineData("registry.test/a", "registry.test/a", true)]
    [InlineData("registry.test/a/**", "registry.test/a", false)]
    [InlineData("registry.test/*", "registry.test/**", false)]
    [InlineData("registry.test/a", "**", false)]
    public void Covers_Other_IsAsExpected(string pattern, string other, bool expected) =>
        Assert.Equal(expected, RepositoryPattern.Parse(pattern).Covers(RepositoryPattern.Parse(other)));
}
