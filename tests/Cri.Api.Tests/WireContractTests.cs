using Cri.Api.V1;
using Xunit;

namespace Cri.Api.Tests;

/// <summary>The compiled API is the table: nothing missing, nothing extra.</summary>
public sealed class WireContractTests
{
    [Fact]
    public void Rpcs_Compiled_AreTheTable() => AssertSame(WireTable.Facts("rpc"), DescriptorFacts.Rpcs(), 41);

    [Fact]
    public void Streams_Compiled_AreTheTable() => AssertSame(WireTable.Streams(), DescriptorFacts.Streams(), 41);

    [Fact]
    public void Messages_Compiled_AreTheTable() => AssertSame(WireTable.Messages(), DescriptorFacts.Messages(), 100);

    [Fact]
    public void Fields_Compiled_AreTheTable() => AssertSame(WireTable.Facts("field"), DescriptorFacts.Fields(), 400);

    [Fact]
    public void EnumValues_Compiled_AreTheTable() => AssertSame(WireTable.Facts("enum"), DescriptorFacts.EnumValues(), 95);

    [Fact]
    public void RedactedFields_Compiled_AreTheTable() => AssertSame(WireTable.Redacted(), DescriptorFacts.Redacted(), 4);

    [Fact]
    public void Namespace_Compiled_IsCriApiV1() => Assert.Equal("Cri.Api.V1", typeof(RuntimeService).Namespace);

    private static void AssertSame(IEnumerable<string> table, IEnumerable<string> compiled, int atLeast)
    {
        var expected = table.Order(StringComparer.Ordinal).ToList();
        Assert.True(expected.Count >= atLeast, $"the table has only {expected.Count} such facts");
        Assert.Equal(expected, compiled.Order(StringComparer.Ordinal));
    }
}
