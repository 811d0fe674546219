using Cri.Linux;

namespace Cri.RuntimeService.Tests;

/// <summary>A named network namespace of a test, removed with everything in it.</summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private readonly string _name = "crisp-test-" + Guid.NewGuid().ToString("n")[..8];

    /// <summary>Its path.</summary>
    internal string Path => $"/run/netns/{_name}";

    public async ValueTask DisposeAsync() => await RunAsync($"ip netns delete {_name}");

    internal static async Task<NetworkNamespace> CreateAsync()
    {
        var created = new NetworkNamespace();
        await RunAsync($"ip netns add {created._name} && ip -n {created._name} link set lo up");
        return created;
    }

    /// <summary>Runs a shell command in it and returns what it printed.</summary>
    internal Task<string> InsideAsync(string script) => RunAsync($"exec nsenter --net={Path} sh -ec '{script}'");

    private static async Task<string> RunAsync(string script)
    {
        var options = new CommandOptions { Path = "/bin/sh", Arguments = ["sh", "-ec", script], Timeout = TimeSpan.FromSeconds(60) };
        var result = await Command.RunAsync(options, CancellationToken.None);
        var output = System.Text.Encoding.UTF8.GetString(result.Output.Span);
        return result.Exit.Code == 0 ? output
            : throw new InvalidOperationException($"{script}: {result.Exit}: {output} {System.Text.Encoding.UTF8.GetString(result.ErrorOutput.Span)}");
    }
}
