namespace Cri.RuntimeService.Cni;

/// <summary>What a configuration directory held at one moment.</summary>
/// <param name="Network">The first valid network in the order of file names; null when there is none.</param>
/// <param name="File">The file it is in.</param>
/// <param name="Problems">The files that are invalid.</param>
/// <param name="Absence">Why there is no network; "" when there is one.</param>
internal sealed record ConfigurationSnapshot(
    NetworkConfiguration? Network,
    string? File,
    IReadOnlyList<ConfigurationProblem> Problems,
    string Absence);

/// <summary>Reads a directory of network configurations.</summary>
internal static class ConfigurationDirectory
{
    private const int LargestFile = 1024 * 1024;

    /// <summary>Reads the directory as it is now. Never throws: what is wrong is in the snapshot.</summary>
    internal static ConfigurationSnapshot Load(string directory)
    {
        string[] files;
        try
        {
            files = [.. Directory.GetFiles(directory).Where(IsConfiguration).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ConfigurationSnapshot(null, null, [], Directory.Exists(directory) ? e.Message : $"{directory} does not exist");
        }

        return FirstValid(directory, files);
    }

    private static ConfigurationSnapshot FirstValid(string directory, string[] files)
    {
        NetworkConfiguration? network = null;
        string? source = null;
        var problems = new List<ConfigurationProblem>();
        foreach (var file in files)
        {
            try
            {
                var read = Read(file);
                source ??= file;
                network ??= read;
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
            {
                problems.Add(new ConfigurationProblem(file, e.Message));
            }
        }

        var absence = network is not null ? ""
            : problems.Count > 0 ? $"no valid network configuration in {directory}"
            : $"no network configuration (*.conflist, *.conf, *.json) in {directory}";
        return new ConfigurationSnapshot(network, source, problems, absence);
    }

    private static NetworkConfiguration Read(string file)
    {
        using var stream = File.OpenRead(file);
        if (stream.Length > LargestFile)
        {
            throw new FormatException($"larger than {LargestFile} bytes");
        }

        var text = new byte[stream.Length];
        stream.ReadExactly(text);
        return NetworkConfiguration.Parse(JsonFields.Parse(text));
    }

    private static bool IsConfiguration(string file) => Path.GetExtension(file) is ".conflist" or ".conf" or ".json";
}
