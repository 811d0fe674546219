using System.CommandLine;
using Cri.Bench.Images;
using Cri.Bench.Reports;
using Cri.RuntimeService.Runtimes;

namespace Cri.Bench;

/// <summary>What the bench is told: <c>run</c> compares endpoints, <c>generate</c> writes an image to pull, <c>pause</c> the program of a sandbox image.</summary>
public static class CommandLine
{
    /// <summary>The commands.</summary>
    public static RootCommand Build() => new("Compares container runtimes over the Kubernetes CRI, side by side in one run.") { Run(), Generate(), Pause() };

    private static Command Run()
    {
        var endpoints = new Option<string>("--endpoint") { Description = "name=socket of each runtime, with commas between; ratios are of the first to the last", Required = true };
        var image = new Option<string>("--image") { Description = "the pods' image, with sleep, true and seq", Required = true };
        var pullImage = new Option<string>("--pull-image") { Description = "the image of the pull scenario", DefaultValueFactory = _ => "" };
        var scenarios = new Option<string>("--scenarios") { Description = "names with commas between; all when left out", DefaultValueFactory = _ => "" };
        var rounds = new Option<int>("--rounds") { Description = "how often each is measured", DefaultValueFactory = _ => 5 };
        var pods = new Option<int>("--pods") { Description = "how many pods a full node has", DefaultValueFactory = _ => 100 };
        var probes = new Option<int>("--probes") { Description = "how many containers are probed", DefaultValueFactory = _ => 100 };
        var containers = new Option<string>("--containers") { Description = "with how many containers lists are measured", DefaultValueFactory = _ => "10,100,1000" };
        var lines = new Option<int>("--log-lines") { Description = "how many lines the log scenario prints", DefaultValueFactory = _ => 1_000_000 };
        var restarts = new Option<string>("--restart") { Description = "name=command that restarts a server, with commas between", DefaultValueFactory = _ => "" };
        var podsCgroup = new Option<string>("--pods-cgroup") { Description = "the cgroup that all pods go below", DefaultValueFactory = _ => "cri-bench-pods" };
        var hostNetwork = new Option<bool>("--host-network") { Description = "leave CNI out" };
        var json = new Option<FileInfo>("--json") { Description = "write all values here" };
        var markdown = new Option<FileInfo>("--markdown") { Description = "write the tables here, besides the standard output" };
        var svg = new Option<FileInfo>("--svg") { Description = "draw the ratios here" };
        var command = new Command("run", "Measure runtimes.")
        {
            endpoints, image, pullImage, scenarios, rounds, pods, probes, containers, lines, restarts, podsCgroup, hostNetwork, json, markdown, svg,
        };
        command.SetAction(async (result, _) =>
        {
            var logs = Directory.CreateTempSubdirectory("cri-bench-");
            var options = new BenchOptions
            {
                Endpoints = Pairs(result.GetValue(endpoints)!),
                Image = result.GetValue(image)!,
                PullImage = result.GetValue(pullImage)!,
                Scenarios = Words(result.GetValue(scenarios)!),
                Rounds = result.GetValue(rounds),
                Pods = result.GetValue(pods),
                Probes = result.GetValue(probes),
                Containers = [.. Words(result.GetValue(containers)!).Select(int.Parse)],
                LogLines = result.GetValue(lines),
                Restarts = Pairs(result.GetValue(restarts)!).ToDictionary(),
                PodsCgroup = result.GetValue(podsCgroup)!,
                HostNetwork = result.GetValue(hostNetwork),
                LogDirectory = logs.FullName,
            };
            try
            {
                return await RunAsync(options, result.GetValue(json), result.GetValue(markdown), result.GetValue(svg));
            }
            finally
            {
                logs.Delete(recursive: true);
            }
        });
        return command;
    }

    private static Command Generate()
    {
        var directory = new Option<string>("--directory") { Description = "where its OCI layout goes", Required = true };
        var megabytes = new Option<int>("--megabytes") { Description = "millions of bytes in its files", DefaultValueFactory = _ => 500 };
        var files = new Option<int>("--files") { Description = "how many files it has", DefaultValueFactory = _ => 25_000 };
        var command = new Command("generate", "Write an image of five layers to pull.") { directory, megabytes, files };
        command.SetAction(result => SyntheticImage.Write(result.GetValue(directory)!, result.GetValue(megabytes), result.GetValue(files)));
        return command;
    }

    private static Command Pause()
    {
        var file = new Option<string>("--file") { Description = "where it goes", Required = true };
        var command = new Command("pause", "Write a program that only waits, for a runtime that wants a sandbox image; it is the init that Crisp's own pods have.") { file };
        command.SetAction(result =>
        {
            File.WriteAllBytes(result.GetValue(file)!, PodInitBinary.ForThisMachine());
            File.SetUnixFileMode(result.GetValue(file)!, (UnixFileMode)0b111_101_101);
        });
        return command;
    }

    private static async Task<int> RunAsync(BenchOptions options, FileInfo? json, FileInfo? markdown, FileInfo? svg)
    {
        var unknown = options.Scenarios.Except(BenchRun.Names(options)).ToList();
        if (unknown.Count > 0)
        {
            await Console.Error.WriteLineAsync($"no such scenario: {string.Join(", ", unknown)}; there are {string.Join(", ", BenchRun.Names(options))}");
            return 2;
        }

        var endpoints = options.Endpoints.Select(endpoint => new Endpoint(endpoint.Name, endpoint.Socket, options.PodsCgroup)).ToList();
        try
        {
            var names = endpoints.Select(endpoint => endpoint.Name).ToList();
            var run = new BenchRun(options, endpoints);
            var rows = FigureRow.Of(await run.RunAsync(), names);
            var tables = MarkdownReport.Write(rows, names);
            Console.WriteLine(tables);
            Write(markdown, tables);
            Write(json, JsonReport.Write(rows, names));
            Write(svg, SvgChart.Write(rows, names));
            return run.Failed.Contains(names[0]) ? 1 : 0;
        }
        finally
        {
            endpoints.ForEach(endpoint => endpoint.Dispose());
            PodCgroups.Remove("/" + options.PodsCgroup);
        }
    }

    private static void Write(FileInfo? file, string text)
    {
        if (file is not null)
        {
            File.WriteAllText(file.FullName, text);
        }
    }

    private static List<(string Name, string Value)> Pairs(string text) =>
        [.. Words(text).Select(word => word.Split('=', 2)).Select(pair => (pair[0], pair.Length > 1 ? pair[1] : throw new FormatException($"{pair[0]}: expected name=value")))];

    private static IReadOnlyList<string> Words(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
