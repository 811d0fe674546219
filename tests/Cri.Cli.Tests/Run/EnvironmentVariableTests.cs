using Cri.Api.V1;
using Cri.Cli.Run;
using Xunit;

namespace Cri.Cli.Tests.Run;

public sealed class EnvironmentVariableTests
{
    [Theory]
    [InlineData("A=b", "A", "b")]
    [InlineData("A=", "A", "")]
    [InlineData("A=b=c d", "A", "b=c d")]
    public void Parse_NameAndValue_GivesBoth(string text, string key, string value) =>
        Assert.Equal(new KeyValue { Key = key, Value = value }, EnvironmentVariable.Parse(text));

    [Fact]
    public void Parse_NameAlone_TakesTheValueHere() =>
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), EnvironmentVariable.Parse("PATH")!.Value);

    [Fact]
    public void Parse_NameAloneUnset_IsNothing() => Assert.Null(EnvironmentVariable.Parse("CRISP_TEST_NOT_SET"));

    [Theory]
    [InlineData("")]
    [InlineData("=x")]
    public void Parse_NoName_FailsAsUsage(string text) => Assert.Equal(2, Assert.Throws<CommandFailure>(() => EnvironmentVariable.Parse(text)).ExitCode);
}
