using Cri.Api.CrispV1;
using Cri.ImageService.Signatures;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Signatures;

/// <summary>Images that come otherwise than by a pull are under the policies of their names as well.</summary>
public sealed class LocalNameTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Ecdsa();
    private readonly TestImage _image = TestImage.Small("local");

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task Import_RejectedName_IsRefusedAndLeavesNothing()
    {
        using var node = Node("registry.test");

        var error = await Assert.ThrowsAsync<ImageException>(() => node.ImportAsync(TestArchive.Oci(_image, "registry.test/banned:v1").Tar()));

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.StartsWith("SignatureValidationFailed: import: ", error.Message);
        Assert.Contains("policy images.policies[1] rejects registry.test/banned:v1", error.Message);
        node.AssertEmpty();
    }

    [Fact]
    public async Task Import_NameThatNeedsASignature_NeedsItInTheRegistry()
    {
        using var registry = new ScriptedRegistry();
        using var node = Node(registry.Host);
        var archive = TestArchive.Oci(_image, $"{registry.Host}/guarded:v1").Tar();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.ImportAsync(archive));
        Assert.Contains($"{_image.ManifestDigest} is not signed", error.Message);
        node.AssertEmpty();

        var artifact = new CosignArtifact().Signature(_key, CosignArtifact.Payload($"{registry.Host}/guarded", _image.ManifestDigest));
        registry.AddContent($"/v2/guarded/manifests/{CosignArtifact.Tag(_image.ManifestDigest)}", artifact.Manifest);
        foreach (var (digest, content) in artifact.Blobs)
        {
            registry.AddContent($"/v2/guarded/blobs/{digest}", content);
        }

        Assert.Equal(_image.Id, Assert.Single(await node.ImportAsync(archive)).Record.Id);
    }

    [Theory]
    [InlineData("registry.test/banned:v2", "policy images.policies[1] rejects registry.test/banned:v2")]
    [InlineData("registry.test/guarded:v2", "policy images.policies[0] requires a signature of registry.test/guarded:v2")]
    public async Task Tag_NameOfAPolicy_IsNotGiven(string name, string why)
    {
        using var node = Node("registry.test");
        await node.ImportAsync(TestArchive.Oci(_image, "registry.test/free:v1").Tar());
        var server = new ImagesServer(node.Images, node.Layers, node.Snapshotter, node.Puller);

        var error = await Assert.ThrowsAsync<ImageException>(
            () => server.Tag(new TagRequest { Image = _image.Id, Name = name }, new TestCallContext()));

        Assert.StartsWith($"SignatureValidationFailed: tag: {why}", error.Message);
        Assert.Equal(["registry.test/free:v1"], node.Images.Find(_image.Id)!.RepoTags);
    }

    private ImageNode Node(string host) => new(options => options with
    {
        Policies = new ImagePolicies([
            new ImagePolicy
            {
                Name = "images.policies[0]",
                Images = [RepositoryPattern.Parse($"{host}/guarded")],
                Action = PolicyAction.Require,
                Keys = [_key.Path],
            },
            new ImagePolicy { Name = "images.policies[1]", Images = [RepositoryPattern.Parse($"{host}/banned")], Action = PolicyAction.Reject },
            new ImagePolicy { Name = "images.policies[2]", Images = [RepositoryPattern.Parse("**")], Action = PolicyAction.Accept },
        ]),
    });
}
