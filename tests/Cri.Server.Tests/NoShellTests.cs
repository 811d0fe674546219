using Cri.Testing.Crispd;
using Xunit;

namespace Cri.Server.Tests;

/// <summary>No program is started over a shell, which would read what others wrote as commands.</summary>
public sealed class NoShellTests
{
    private static readonly string[] _shells = ["/bin/sh", "\"sh\"", "/bash", "\"bash\"", "UseShellExecute", "EntryPoint = \"system\"", "EntryPoint = \"popen\"", "Process.Start(", "ProcessStartInfo"];

    [Fact]
    public void Source_StartsProgramsOnlyByPathAndArguments()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Artifacts.Repository, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)).ToList();

        Assert.True(files.Count > 300, $"{files.Count} files found only");
        Assert.All(files, path =>
        {
            var text = File.ReadAllText(path).Replace("ChildProcess.Start(", "", StringComparison.Ordinal);
            Assert.DoesNotContain(_shells, shell => text.Contains(shell, StringComparison.Ordinal));
        });
    }
}
