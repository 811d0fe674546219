using System.Runtime.CompilerServices;
using Cri.Server.Configuration;
using Xunit;

namespace Cri.Server.Tests.Configuration;

/// <summary>docs/configuration.md is true: its example loads, and its table has every key.</summary>
public sealed class ConfigurationReferenceTests
{
    [Fact]
    public void Example_Loads()
    {
        var directory = Directory.CreateTempSubdirectory("crisp-reference-");
        try
        {
            var file = Path.Combine(directory.FullName, "config.yaml");
            File.WriteAllText(file, Reference().Split("```yaml\n")[1].Split("```")[0]);

            var configuration = ConfigurationLoader.Load(new CommandLine { ConfigFile = file });

            Assert.Equal("kata", Assert.Single(configuration.Runtimes.Handlers).Key);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("root")]
    [InlineData("state")]
    [InlineData("listen")]
    [InlineData("logLevel")]
    [InlineData("streaming.address")]
    [InlineData("streaming.port")]
    [InlineData("streaming.advertisedHost")]
    [InlineData("streaming.idleTimeoutSeconds")]
    [InlineData("streaming.tls.cert")]
    [InlineData("streaming.tls.key")]
    [InlineData("metrics.address")]
    [InlineData("registry.hostsDir")]
    [InlineData("registry.stallTimeoutSeconds")]
    [InlineData("registry.minBytesPerSecond")]
    [InlineData("registry.maxAttempts")]
    [InlineData("images.maxConnections")]
    [InlineData("images.maxConnectionsPerHost")]
    [InlineData("images.rangeThresholdMiB")]
    [InlineData("images.downloadMemoryMiB")]
    [InlineData("images.keepBlobs")]
    [InlineData("images.maxParallelLayers")]
    [InlineData("images.limits.layerMiB")]
    [InlineData("images.limits.imageMiB")]
    [InlineData("images.limits.layerEntries")]
    [InlineData("images.limits.imageEntries")]
    [InlineData("images.limits.ratio")]
    [InlineData("images.policies")]
    [InlineData("cni.confDir")]
    [InlineData("cni.binDirs")]
    [InlineData("cni.timeoutSeconds")]
    [InlineData("runtimes.default")]
    [InlineData("runtimes.handlers.NAME.path")]
    [InlineData("shim.path")]
    [InlineData("cgroupDriver")]
    public void Table_HasTheKey(string key) => Assert.Contains($"\n| `{key}` |", Reference(), StringComparison.Ordinal);

    private static string Reference([CallerFilePath] string here = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/configuration.md"));
}
