using Xunit;

namespace Cri.Linux.Tests;

public class NsfsTests
{
    [Theory]
    [InlineData("/proc/self/ns/net", true)]
    [InlineData("/proc/self/status", false)]
    [InlineData("/no/such/file", false)]
    public void IsNamespace_TellsNamespacesFromOtherFiles(string path, bool expected) => Assert.Equal(expected, Nsfs.IsNamespace(path));
}
