using System.Text.RegularExpressions;
using Cri.Testing.Crispd;
using Xunit;

namespace Cri.Server.Tests;

/// <summary>SECURITY.md claims nothing that no test shows.</summary>
public sealed partial class SecurityDocumentTests
{
    [Fact]
    public void Document_TestsItNames_Exist()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Artifacts.Repository, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).ToLookup(path => Path.GetFileNameWithoutExtension(path));
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Artifacts.Repository, "SECURITY.md")))
            .Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)).ToHashSet();

        Assert.True(named.Count > 50, $"SECURITY.md names {named.Count} tests only");
        Assert.All(named, test => Assert.True(
            sources[test.Class].Any(path => Regex.IsMatch(File.ReadAllText(path), $@"public (async )?\w+ {test.Method}\(")),
            $"SECURITY.md names {test.Class}.{test.Method}, and there is no such test"));
    }

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex TestName();
}
