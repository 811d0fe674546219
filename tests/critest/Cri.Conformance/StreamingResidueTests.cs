using System.Text;
using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Conformance;

/// <summary>What many execs and attaches leave in the processes that serve them; it has a crispd of its own.</summary>
public sealed class StreamingResidueTests
{
    private const int AtOnce = 6;
    private const string Spdy = "v4.channel.k8s.io";
    private const string WebSocket = "v5.channel.k8s.io";

    [CrispdFact]
    public async Task ExecsAndAttaches_ByTheHundred_LeaveNoDescriptor()
    {
        await using var cri = await CriEndpoint.StartAsync();
        await using var pod = await TestPod.RunAsync(cri);
        var container = await pod.StartAsync(["cat"], config => config.Stdin = true);
        var (server, shim) = (cri.Crispd!.ProcessId, await pod.ShimPidAsync());
        var shimBefore = Descriptors(shim);

        // What is made once and kept is there from now on.
        await ExecAndAttachAsync(container, execs: 60, attaches: 30);
        await Eventually.HoldsAsync(() => Descriptors(shim) <= shimBefore, "the first clients' descriptors are closed");
        var serverBefore = Descriptors(server);

        await ExecAndAttachAsync(container, execs: 300, attaches: 100);

        await Eventually.GetAsync(() => Task.FromResult(Descriptors(shim)), count => count <= shimBefore, $"the shim has {shimBefore} descriptors");
        await Eventually.GetAsync(() => Task.FromResult(Descriptors(server)), count => count <= serverBefore, $"crispd has {serverBefore} descriptors");
    }

    private static async Task ExecAndAttachAsync(TestContainer container, int execs, int attaches)
    {
        var bound = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        Func<TestContainer, Task>[] ways = [ExecBySpdyAsync, ExecByWebSocketAsync, ExecSyncAsync];
        await Parallel.ForAsync(0, execs, bound, async (i, _) => await ways[i % ways.Length](container));
        await Parallel.ForAsync(0, attaches, bound, async (i, _) => await AttachAsync(container, $"client {i}\n"));
    }

    private static async Task ExecSyncAsync(TestContainer container) => Assert.Equal("x", await container.ShellAsync("echo x"));

    private static async Task ExecBySpdyAsync(TestContainer container)
    {
        await using var client = await SpdyClient.ConnectAsync(await ExecUrlAsync(container), Spdy);
        var error = await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        await client.OpenAsync("stderr");
        await stdin.WriteAsync("x"u8.ToArray());
        await stdin.FinishAsync();
        Assert.Equal("x", Encoding.ASCII.GetString(await stdout.ReadToEndAsync()));
        await error.ReadToEndAsync();
    }

    private static async Task ExecByWebSocketAsync(TestContainer container)
    {
        await using var client = await ChannelClient.ConnectAsync(await ExecUrlAsync(container), WebSocket);
        await client.WriteAsync(0, "x"u8.ToArray());
        await client.FinishAsync(0);
        Assert.Equal("x", Encoding.ASCII.GetString(await client.ReadToEndAsync(1)));
    }

    // Ends as a client does that is killed.
    private static async Task AttachAsync(TestContainer container, string text)
    {
        var request = new AttachRequest { ContainerId = container.Id, Stdin = true, Stdout = true };
        var url = new Uri((await container.Pod.Endpoint.Runtime.AttachAsync(request)).Url);
        await using var client = await SpdyClient.ConnectAsync(url, Spdy);
        await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        await stdin.WriteAsync(Encoding.ASCII.GetBytes(text));
        for (var seen = ""; !seen.Contains(text, StringComparison.Ordinal);)
        {
            seen += Encoding.ASCII.GetString(await stdout.ReadAsync() ?? throw new EndOfStreamException(seen));
        }
    }

    private static async Task<Uri> ExecUrlAsync(TestContainer container)
    {
        var request = new ExecRequest { ContainerId = container.Id, Cmd = { "cat" }, Stdin = true, Stdout = true, Stderr = true };
        return new Uri((await container.Pod.Endpoint.Runtime.ExecAsync(request)).Url);
    }

    private static int Descriptors(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();
}
