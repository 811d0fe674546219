using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

public sealed class PodNetworkTests : ConformanceTest
{
    private const string Serve = "mkdir /www; echo served >/www/index.html; exec httpd -f -p 8080 -h /www";

    [Fact]
    public async Task RunPodSandbox_WithAPodNetwork_HasAnAddressThatAnswers()
    {
        var pod = await RunPodAsync();
        await pod.StartScriptAsync(Serve);

        var address = (await pod.StatusAsync()).Network.Ip;

        Assert.True(IPAddress.TryParse(address, out _), address);
        Assert.Equal("served\n", await GetAsync($"http://{address}:8080/"));
    }

    [Fact]
    public async Task Container_InAPodNetwork_HasItsAddressOnEth0AndALoopback()
    {
        var pod = await RunPodAsync();
        var address = (await pod.StatusAsync()).Network.Ip;

        var interfaces = await pod.OutputAsync("ip -4 -o addr");

        Assert.Contains($"inet {address}/", interfaces, StringComparison.Ordinal);
        Assert.Contains("eth0", interfaces, StringComparison.Ordinal);
        Assert.Contains("inet 127.0.0.1/8", interfaces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_OnOneNode_ReachEachOther()
    {
        var server = await RunPodAsync();
        await server.StartScriptAsync(Serve);
        var address = (await server.StatusAsync()).Network.Ip;
        await GetAsync($"http://{address}:8080/");
        var client = await RunPodAsync();

        Assert.Equal("served", await client.OutputAsync($"wget -q -O - http://{address}:8080/"));
    }

    [Fact]
    public async Task Containers_OfOnePod_ShareTheNetwork()
    {
        var pod = await RunPodAsync();
        await pod.StartScriptAsync(Serve);
        await GetAsync($"http://{(await pod.StatusAsync()).Network.Ip}:8080/");

        Assert.Equal("served", await pod.OutputAsync("wget -q -O - http://127.0.0.1:8080/"));
    }

    [Fact]
    public async Task RunPodSandbox_WithAHostPort_AnswersOnLoopbackAndByAddress()
    {
        var port = FreePort();
        var pod = await RunPodAsync(config => config.PortMappings.Add(new PortMapping { ContainerPort = 8080, HostPort = port }));
        await pod.StartScriptAsync(Serve);

        Assert.Equal("served\n", await GetAsync($"http://127.0.0.1:{port}/"));
        Assert.Equal("served\n", await GetAsync($"http://{HostAddress()}:{port}/"));
    }

    [Fact]
    public async Task RunPodSandbox_WithAHostIp_AnswersOnlyThere()
    {
        var port = FreePort();
        var pod = await RunPodAsync(config =>
            config.PortMappings.Add(new PortMapping { ContainerPort = 8080, HostPort = port, HostIp = "127.0.0.1" }));
        await pod.StartScriptAsync(Serve);

        Assert.Equal("served\n", await GetAsync($"http://127.0.0.1:{port}/"));
        using var client = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(HostAddress(), port));
    }

    [Fact]
    public async Task StopPodSandbox_WithAHostPort_GivesThePortBack()
    {
        var port = FreePort();
        var pod = await RunPodAsync(config => config.PortMappings.Add(new PortMapping { ContainerPort = 8080, HostPort = port }));
        await pod.StartScriptAsync(Serve);
        await GetAsync($"http://127.0.0.1:{port}/");

        await pod.StopAsync();

        using var client = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task StopPodSandbox_OfManyPods_GivesTheirAddressesBack()
    {
        if (Cri.Crispd is null)
        {
            return;
        }

        var pods = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunPodAsync()));
        var addresses = (await Task.WhenAll(pods.Select(pod => pod.StatusAsync()))).Select(status => status.Network.Ip).ToList();

        Assert.Equal(4, addresses.Distinct().Count());
        Assert.All(addresses, address => Assert.StartsWith(Cri.Crispd.Subnet + ".", address, StringComparison.Ordinal));
        await Task.WhenAll(pods.Select(pod => pod.StopAsync()));
        Assert.DoesNotContain(Cri.Crispd.Leaks.Find(), leak => addresses.Any(address => leak.EndsWith("/" + address, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Container_InAHostNetworkPod_HasTheHostsInterfaces()
    {
        var pod = await RunPodAsync(HostNetwork);

        var interfaces = await pod.OutputAsync("ls /sys/class/net");

        foreach (var physical in Directory.GetFileSystemEntries("/sys/class/net").Select(path => Path.GetFileName(path)).Where(name => !IsEphemeral(name)))
        {
            Assert.Contains(physical, interfaces, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task PodSandboxStatus_OfAHostNetworkPod_HasNoAddressAndModeNode()
    {
        var pod = await RunPodAsync(HostNetwork);

        var status = await pod.StatusAsync();

        Assert.Equal("", status.Network?.Ip ?? "");
        Assert.Equal(NamespaceMode.Node, status.Linux.Namespaces.Options.Network);
    }

    private static void HostNetwork(PodSandboxConfig config)
    {
        config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node;
        config.Hostname = "";
    }

    // Interfaces of pods and test bridges come and go.
    private static bool IsEphemeral(string name) =>
        name.StartsWith("veth", StringComparison.Ordinal) || name.StartsWith("crisp", StringComparison.Ordinal);

    // Not by .NET's NetworkInterface, which can fail while interfaces come and go. Lines are "2: eth0    inet 192.0.2.1/24 brd ...".
    private static string HostAddress() => Command.Run("ip", "-4", "-o", "address", "show", "scope", "global").Split('\n')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .First(words => words.Length > 3 && !IsEphemeral(words[1]))[3].Split('/')[0];

    // Below the ports that the kernel gives out (32768 on): nobody else's listener comes upon it while the test runs.
    private static int FreePort()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        return Enumerable.Range(Random.Shared.Next(20_000, 30_000), 100).First(port => !taken.Contains(port));
    }

    private static async Task<string> GetAsync(string url)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) });
        return await Eventually.GetAsync(
            async () =>
            {
                try
                {
                    return await http.GetStringAsync(new Uri(url));
                }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                {
                    return "";
                }
            },
            body => body.Length > 0,
            $"{url} answers");
    }
}
