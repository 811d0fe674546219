using System.Text;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class RecordVersionTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"version":1,"new":true}""")]
    [InlineData("""{"version":"99"}""")]
    [InlineData("""{"config":{"version":99},"list":[{"version":99}],"version":1}""")]
    [InlineData("[99]")]
    [InlineData("")]
    [InlineData("{damaged")]
    public void Check_KnownVersionOrNone_IsSilent(string json) => RecordVersion.Check("/file", Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData("""{"version":2}""")]
    [InlineData("""{"config":{"version":1},"version":2,"what":[1]}""")]
    public void Check_NewerVersion_Throws(string json)
    {
        var error = Assert.Throws<NewerRecordException>(() => RecordVersion.Check("/file", Encoding.UTF8.GetBytes(json)));

        Assert.StartsWith("/file: it is of version 2, which a newer crispd wrote", error.Message, StringComparison.Ordinal);
    }
}
