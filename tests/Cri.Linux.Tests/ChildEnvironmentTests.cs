using System.Text;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class ChildEnvironmentTests
{
    [Fact]
    public async Task Child_OfACommand_SeesWhatItNeedsAndNoMore()
    {
        const string Secret = "CHILD_ENVIRONMENT_TEST_SECRET";
        Environment.SetEnvironmentVariable(Secret, "secret");
        Environment.SetEnvironmentVariable("LC_TEST", "handed-on");
        try
        {
            var options = new CommandOptions { Path = "/usr/bin/env", Arguments = ["env"], Timeout = TimeSpan.FromSeconds(60) };
            var seen = Encoding.UTF8.GetString((await Command.RunAsync(options, CancellationToken.None)).Output.Span).Split('\n');

            Assert.Contains($"PATH={Environment.GetEnvironmentVariable("PATH")}", seen);
            Assert.Contains("LC_TEST=handed-on", seen);
            Assert.DoesNotContain(seen, line => line.StartsWith(Secret, StringComparison.Ordinal));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Secret, null);
            Environment.SetEnvironmentVariable("LC_TEST", null);
        }
    }
}
