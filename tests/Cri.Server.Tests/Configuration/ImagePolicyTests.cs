using System.Security.Cryptography;
using Cri.ImageService.Signatures;
using Cri.Oci.Images;
using Cri.Server.Configuration;
using Xunit;

namespace Cri.Server.Tests.Configuration;

/// <summary>images.policies: what is read, and that each mistake has its place.</summary>
public sealed class ImagePolicyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-policies-").FullName;
    private readonly string _key;

    public ImagePolicyTests()
    {
        _key = Path.Combine(_directory, "key.pub");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_key, key.ExportSubjectPublicKeyInfoPem());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Load_EveryKeyOfAPolicy_IsRead()
    {
        var policies = Load($$"""
            images:
              policies:
                - name: releases
                  images: [registry.test/prod/**, registry.test/base]
                  action: require
                  keys: [{{_key}}]
                  threshold: 1
                  annotations: { env: prod, "org.test/stage": "2" }
                  identity: build.test/prod/*
                  signatureRepository: registry.test/signatures
                - images: [docker.io/library/*]
                  action: accept
                - images: ["**"]
                  action: reject
            """);

        var release = policies.For(ImageReference.Parse("registry.test/prod/a/b"))!;
        Assert.Equal(("\"releases\" (images.policies[0])", PolicyAction.Require, 1), (release.Name, release.Action, release.Threshold));
        Assert.Equal([_key], release.Keys);
        Assert.Equal(new Dictionary<string, string> { ["env"] = "prod", ["org.test/stage"] = "2" }, release.Annotations);
        Assert.Equal(("build.test/prod/*", "registry.test/signatures"), (release.Identity?.Text, release.SignatureRepository?.Name));
        Assert.Same(release, policies.For(ImageReference.Parse("registry.test/base")));
        Assert.Equal(PolicyAction.Accept, policies.For(ImageReference.Parse("nginx"))!.Action);
        var last = policies.For(ImageReference.Parse("registry.test/other"))!;
        Assert.Equal(("images.policies[2]", PolicyAction.Reject), (last.Name, last.Action));
    }

    [Fact]
    public void Load_NoPolicies_AcceptsEverything() => Assert.Null(Load("").For(ImageReference.Parse("nginx")));

    [Theory]
    [InlineData("- images: [\"**\"]\n  action: accept\n- images: [a.test/b]\n  action: reject", "5:7: images.policies[1].images: never looked at")]
    [InlineData("- images: [a.test/**]\n  action: accept", "2:3: images.policies: expected a last policy for images: [\"**\"]")]
    [InlineData("- images: [a.test]\n  action: accept", "3:16: images.policies[0].images[0]: \"a.test\" is no repository; all of a registry are a.test/**")]
    [InlineData("- images: []\n  action: accept", "3:15: images.policies[0].images: expected a list of repositories such as registry.example.com/team/*, found an empty list")]
    [InlineData("- images: \"**\"\n  action: accept", "3:15: images.policies[0].images: expected a list")]
    [InlineData("- images: [\"**\"]\n  action: allow", "4:15: images.policies[0].action: expected one of accept, reject, require, found \"allow\"")]
    [InlineData("- images: [\"**\"]", "3:7: images.policies[0]: expected the key action")]
    [InlineData("- action: accept", "3:7: images.policies[0]: expected the key images")]
    [InlineData("- images: [\"**\"]\n  action: require", "3:7: images.policies[0]: expected the key keys")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [key.pub]", "5:14: images.policies[0].keys[0]: expected an absolute path")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [/no/such/key.pub]", "5:7: images.policies[0].keys: /no/such/key.pub: ")]
    [InlineData("- images: [\"**\"]\n  action: accept\n  threshold: 2", "5:7: images.policies[0].threshold: only with the action require")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [KEY, KEY]\n  threshold: 2", "6:7: images.policies[0].threshold: expected at most the number of different keys, 1, found 2")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [KEY]\n  signatureRepository: a.test/b:v1", "6:28: images.policies[0].signatureRepository: expected a repository")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [KEY]\n  annotations: { a: [b] }", "6:25: images.policies[0].annotations.a: expected a text")]
    [InlineData("- images: [\"**\"]\n  action: require\n  keys: [KEY]\n  key: x", "6:7: images.policies[0].key: unknown key; did you mean images.policies[0].keys?")]
    [InlineData("- accept", "3:7: images.policies[0]: expected a map of keys")]
    public void Load_Mistake_IsNamedWithItsPlace(string policies, string expected)
    {
        var indented = policies.Replace("KEY", _key, StringComparison.Ordinal).Replace("\n", "\n    ", StringComparison.Ordinal);

        var error = Assert.Throws<ConfigurationException>(() => Load($"images:\n  policies:\n    {indented}\n"));

        Assert.Contains($"config.yaml:{expected}", error.Message, StringComparison.Ordinal);
    }

    private ImagePolicies Load(string content)
    {
        var file = Path.Combine(_directory, "config.yaml");
        File.WriteAllText(file, content);
        return ConfigurationLoader.Load(new CommandLine { ConfigFile = file }).Images.Policies;
    }
}
