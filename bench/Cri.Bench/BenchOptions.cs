namespace Cri.Bench;

/// <summary>What to measure, and where.</summary>
/// <param name="Image">The image that pods run; it must have <c>sleep</c>.</param>
/// <param name="Pods">How many rounds.</param>
/// <param name="HostNetwork">True to leave CNI out.</param>
/// <param name="Endpoints">The runtimes to compare.</param>
public sealed record BenchOptions(string Image, int Pods, bool HostNetwork, IReadOnlyList<(string Name, string Socket)> Endpoints)
{
    /// <summary>Reads the command line; null when it is wrong.</summary>
    public static BenchOptions? Parse(string[] args)
    {
        var options = new BenchOptions("", 30, false, []);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--image":
                    options = options with { Image = value };
                    i++;
                    break;
                case "--pods" when int.TryParse(value, out var pods):
                    options = options with { Pods = pods };
                    i++;
                    break;
                case "--endpoint" when value.Split('=', 2) is [var name, var socket]:
                    options = options with { Endpoints = [.. options.Endpoints, (name, socket.Replace("unix://", "", StringComparison.Ordinal))] };
                    i++;
                    break;
                case "--host-network":
                    options = options with { HostNetwork = true };
                    break;
                default:
                    return null;
            }
        }

        return options.Image.Length > 0 && options.Endpoints.Count > 0 ? options : null;
    }
}
