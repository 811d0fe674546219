using System.Xml.Linq;
using Xunit;

namespace Cri.Server.Tests;

/// <summary>References run one way, and only the server half of gRPC knows ASP.NET (docs/decisions.md).</summary>
public class ProjectReferencesTests
{
    private static readonly Dictionary<string, string[]> _allowed = new()
    {
        ["Cri.Linux"] = [],
        ["Cri.Oci"] = [],
        ["Cri.Grpc"] = [],
        ["Cri.Ttrpc"] = [],
        ["Cri.Api"] = ["Cri.Grpc"],
        ["Cri.Grpc.Server"] = ["Cri.Grpc", "Cri.Linux"],
        ["Cri.ImageService"] = ["Cri.Api", "Cri.Linux", "Cri.Oci"],
        ["Cri.Streaming"] = [],
        ["Cri.RuntimeService"] = ["Cri.ImageService", "Cri.Streaming", "Cri.Ttrpc"],
        ["Cri.Server"] = ["Cri.Grpc.Server", "Cri.RuntimeService"],
        ["Cri.Shim"] = ["Cri.Linux", "Cri.Ttrpc"],
        ["Cri.Cli"] = ["Cri.Api", "Cri.Linux"],
    };

    public static TheoryData<string> Projects => [.. Directory.EnumerateFiles(SourceDirectory(), "*.csproj", SearchOption.AllDirectories)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_References_AreAmongTheAllowed(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        var references = XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

        Assert.True(_allowed.ContainsKey(name), $"{name} has no row in this test");
        Assert.Empty(references.Except(_allowed[name]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_AspNet_IsOnlyReferencedByTheGrpcServer(string file)
    {
        var aspNet = XDocument.Load(file).Descendants("FrameworkReference").Any(reference => reference.Attribute("Include")!.Value.Contains("AspNet", StringComparison.Ordinal));

        Assert.Equal(Path.GetFileNameWithoutExtension(file) == "Cri.Grpc.Server", aspNet);
    }

    private static string SourceDirectory()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Cri.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Cri.sln is in no parent directory of the test");
        }

        return Path.Combine(directory.FullName, "src");
    }
}
