using Cri.Api.V1;
using Xunit;

namespace Cri.Conformance;

public sealed class VersionTests : ConformanceTest
{
    [Fact]
    public async Task Version_Always_NamesTheRuntimeAndTheApi()
    {
        var version = await Cri.Runtime.VersionAsync(new VersionRequest { Version = "0.1.0" });

        Assert.NotEmpty(version.Version);
        Assert.NotEmpty(version.RuntimeName);
        Assert.NotEmpty(version.RuntimeVersion);
        Assert.Equal("v1", version.RuntimeApiVersion);
    }

    [CrispdFact]
    public async Task Version_OfCrispd_IsCrisp()
    {
        var version = await Cri.Runtime.VersionAsync(new VersionRequest());

        Assert.Equal("crisp", version.RuntimeName);
    }
}
