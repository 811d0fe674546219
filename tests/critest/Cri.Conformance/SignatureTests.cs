using System.Security.Cryptography;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Image policies over the socket, in a crispd with a list of them.</summary>
public sealed class SignatureTests(SignatureTests.Node node) : IClassFixture<SignatureTests.Node>
{
    [CrispdFact]
    public async Task PullImage_SignedByTheKey_RunsAContainer()
    {
        var reference = await node.PushAsync("guarded/signed:v1");
        await node.Cri.Registry.SignAsync("guarded/signed:v1", node.Sign);

        await PullAsync(reference);

        var pod = await TestPod.RunAsync(node.Cri);
        await using var running = pod;
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Image.Image = reference);
        Assert.Equal("guarded/signed:v1", await container.ShellAsync("cat /image"));
    }

    [CrispdFact]
    public async Task PullImage_Unsigned_IsTheErrorThatTheKubeletKnows()
    {
        var reference = await node.PushAsync("guarded/unsigned:v1");
        var digest = await node.Cri.Registry.DigestAsync("guarded/unsigned:v1");

        var error = await Assert.ThrowsAsync<RpcException>(() => PullAsync(reference));

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.Equal(
            $"SignatureValidationFailed: pull {reference}: image {node.Cri.Registry.Host}/guarded/unsigned@{digest}: "
            + $"policy \"guarded\" (images.policies[0]): {digest} is not signed",
            error.Status.Detail);
        Assert.Null((await node.Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = reference } })).Image);
    }

    [CrispdFact]
    public async Task PullImage_SignedByAnotherKey_IsRefused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var reference = await node.PushAsync("guarded/forged:v1");
        await node.Cri.Registry.SignAsync("guarded/forged:v1", payload => Node.Sign(other, payload));

        var error = await Assert.ThrowsAsync<RpcException>(() => PullAsync(reference));

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.Contains("(one is by none of ", error.Status.Detail, StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task PullImage_RejectedRepository_IsRefusedByItsName()
    {
        // It does not exist: nobody is asked.
        var reference = $"{node.Cri.Registry.Host}/banned/anything:v1";

        var error = await Assert.ThrowsAsync<RpcException>(() => PullAsync(reference));

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.Equal($"SignatureValidationFailed: pull {reference}: policy images.policies[1] rejects {reference}", error.Status.Detail);
    }

    [CrispdFact]
    public async Task PullImage_PresentUnderAFreeName_DoesNotGetTheGuardedOne()
    {
        var free = await node.PushAsync("free/same:v1", "same");
        var guarded = await node.PushAsync("guarded/same:v1", "same");
        await PullAsync(free);

        await Assert.ThrowsAsync<RpcException>(() => PullAsync(guarded));

        var image = (await node.Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = free } })).Image;
        Assert.Equal([free], image.RepoTags);
    }

    [CrispdFact]
    public async Task Status_Verbose_HasThePolicies()
    {
        var status = await node.Cri.Runtime.StatusAsync(new StatusRequest { Verbose = true });

        Assert.Contains("\\u0022guarded\\u0022 (images.policies[0]): require", string.Join('\n', status.Info.Values), StringComparison.Ordinal);
    }

    private async Task PullAsync(string reference) =>
        await node.Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });

    /// <summary>A crispd that wants the images below <c>guarded/</c> signed and has none below <c>banned/</c>.</summary>
    public sealed class Node : IAsyncLifetime, IDisposable
    {
        private readonly TemporaryDirectory _directory = new("keys");
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        internal CriEndpoint Cri { get; private set; } = null!;

        /// <inheritdoc/>
        public async Task InitializeAsync()
        {
            if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CRI_ENDPOINT")))
            {
                return;
            }

            var key = _directory.File("key.pub", _key.ExportSubjectPublicKeyInfoPem());
            Cri = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with
            {
                Configuration = $$"""
                    images:
                      policies:
                        - { name: guarded, images: ["localhost:*/guarded/**"], action: require, keys: [{{key}}] }
                        - { images: ["localhost:*/banned/**"], action: reject }
                        - { images: ["**"], action: accept }
                    """,
            });
        }

        /// <inheritdoc/>
        public async Task DisposeAsync()
        {
            if (Cri is not null)
            {
                await Cri.Leaks.AssertNothingAsync();
                await Cri.DisposeAsync();
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _key.Dispose();
            _directory.Dispose();
        }

        internal byte[] Sign(byte[] payload) => Sign(_key, payload);

        internal static byte[] Sign(ECDsa key, byte[] payload) =>
            key.SignData(payload, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

        internal Task<string> PushAsync(string name, string? content = null) =>
            Cri.Registry.PushAsync(new TestImage { Name = name, Files = [TestFile.Text("image", $"{content ?? name}\n")] });
    }
}
