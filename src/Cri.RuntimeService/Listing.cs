namespace Cri.RuntimeService;

/// <summary>Directory listings that others change meanwhile: one that is gone is empty.</summary>
internal static class Listing
{
    internal static IReadOnlyList<string> Directories(string directory) => Of(directory, Directory.GetDirectories);

    internal static IReadOnlyList<string> Files(string directory) => Of(directory, Directory.GetFiles);

    private static string[] Of(string directory, Func<string, string[]> list)
    {
        try
        {
            return list(directory);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
