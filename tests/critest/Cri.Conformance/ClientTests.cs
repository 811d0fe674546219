using System.Diagnostics;
using Cri.Testing;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

/// <summary>The client <c>crisp</c> with terminals and streams.</summary>
public sealed class ClientTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    private string Crisp => $"{Artifacts.Binary("crisp")} --address {Cri.SocketPath}";

    [CrispdFact]
    public async Task Exec_WithPipes_CarriesAllStreamsAndTheCode()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var (output, code) = await ShellAsync($"head -c 3000000 /dev/zero | {Crisp} exec -i {container.Id} sh -c 'wc -c; echo err >&2; exit 4' 2>&1");

        Assert.Equal(["3000000", "err"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal(4, code);
    }

    [CrispdFact]
    public async Task Exec_OnATerminal_HasItsSizeAndGivesItsModeBack()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var (output, _) = await TerminalAsync(
            $"{Crisp} exec -it {container.Id} sh -c \"until stty size | grep \\\"^22 77\\\"; do sleep 0.05; done; exit 5\"; echo code $?; stty -a");

        Assert.Contains("22 77", output);
        Assert.Contains("code 5", output);
        Assert.Matches(@"(?<!-)icanon", output);
    }

    [CrispdFact]
    public async Task Exec_TerminalResized_CommandLearnsIt()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var (output, _) = await TerminalAsync(
            $"(until {Crisp} exec -s {container.Id} test -e /tmp/first; do sleep 0.05; done; stty rows 33 cols 99 </dev/tty) & "
            + $"{Crisp} exec -it {container.Id} sh -c \"until stty size | grep \\\"^22 77\\\"; do sleep 0.05; done; touch /tmp/first; "
            + "until stty size | grep \\\"^33 99\\\"; do sleep 0.05; done\"");

        Assert.Contains("33 99", output);
    }

    [CrispdFact]
    public async Task Exec_TerminatedOnATerminal_GivesItsModeBack()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var (output, _) = await TerminalAsync(
            $"{Crisp} exec -it {container.Id} sh -c \"echo run\"ning\"; sleep 1000\" </dev/tty & until stty -a | grep -q -e -icanon; do sleep 0.05; done; "
            + "kill -TERM $!; wait $!; echo code $?; stty -a");

        Assert.Contains("code 130", output);
        Assert.Matches(@"(?<!-)icanon", output);
    }

    [CrispdFact]
    public async Task Attach_WithPipes_ReachesTheContainer()
    {
        var container = await Pod.StartAsync(["sh", "-c", "read line; echo got $line; exit 0"], config => config.Stdin = config.StdinOnce = true);

        var (output, code) = await ShellAsync($"echo word | {Crisp} attach -i {container.Id}");

        Assert.Equal(("got word\n", 0), (output, code));
    }

    [CrispdFact]
    public async Task PortForward_ToAServer_ServesUntilItIsTerminated()
    {
        await Pod.StartScriptAsync("mkdir /tmp/w && echo content > /tmp/w/page && httpd -f -p 8090 -h /tmp/w");
        using var directory = new TemporaryDirectory("client", "/var/tmp");
        var client = BackgroundProcess.Start(
            Artifacts.Binary("crisp"), ["--address", Cri.SocketPath, "port-forward", Pod.Id, ":8090"], directory.Path + "/out");
        await client.UntilAsync(() => Task.FromResult(client.Output.EndsWith(" -> 8090\n", StringComparison.Ordinal)), "it listens");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{client.Output.Split(':', ' ')[3]}") };

        // The server may not listen yet; its refusal ends the connection.
        var page = await Eventually.GetAsync(() => PageAsync(http), page => page.Length > 0, "the page comes");

        Assert.Equal("content\n", page);
        Assert.Equal(0, await client.TerminateAsync());
    }

    private static async Task<string> PageAsync(HttpClient http)
    {
        try
        {
            return await http.GetStringAsync("/page");
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private static Task<(string Output, int Code)> TerminalAsync(string script) =>
        RunAsync("script", "-qec", $"stty rows 22 cols 77; {script}", "/dev/null");

    private static Task<(string Output, int Code)> ShellAsync(string script) => RunAsync("sh", "-c", script);

    private static async Task<(string Output, int Code)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(5 * Eventually.Patience);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (output, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
