using System.Net;
using System.Net.Sockets;
using Cri.Linux;
using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

/// <summary>
/// The real bridge, host-local and portmap plugins. What they do to the host they do to a namespace that stands for it: the files in the
/// plugin directory enter it first.
/// </summary>
public sealed class BridgeNetworkTests : IAsyncLifetime, IDisposable
{
    private const string Plugins = "/usr/lib/cni";
    private readonly CniSite _site = new();
    private NetworkNamespace _host = null!;
    private NetworkNamespace _podNamespace = null!;

    public async Task InitializeAsync()
    {
        _host = await NetworkNamespace.CreateAsync();
        _podNamespace = await NetworkNamespace.CreateAsync();
        foreach (var plugin in new[] { "bridge", "portmap" })
        {
            _site.Executable(plugin, $"#!/bin/sh\nexec nsenter --net={_host.Path} {Plugins}/{plugin}\n");
        }

        File.CreateSymbolicLink(Path.Combine(_site.BinDir, "host-local"), $"{Plugins}/host-local");
        _site.Configure("10-pods.conflist", $$"""
            {"cniVersion":"1.0.0","name":"pods","plugins":[
              {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,
               "ipam":{"type":"host-local","dataDir":"{{_site.Root}}/ipam","routes":[{"dst":"0.0.0.0/0"}],
                       "ranges":[[{"subnet":"10.213.0.0/24"}],[{"subnet":"fd00:213::/64"}]] } },
              {"type":"portmap","capabilities":{"portMappings":true} } ]}
            """);
    }

    public async Task DisposeAsync()
    {
        await _podNamespace.DisposeAsync();
        await _host.DisposeAsync();
    }

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task AddAndDelete_RealPlugins_ConnectThePodAndLeaveNothing()
    {
        using var network = _site.Open();

        var attachment = await network.AddAsync(Pod(), CancellationToken.None);

        Assert.Equal((AddressFamily.InterNetwork, 24), (attachment.Ips[0].Address.AddressFamily, attachment.Ips[0].PrefixLength));
        Assert.Equal(AddressFamily.InterNetworkV6, attachment.Ips[1].Address.AddressFamily);
        Assert.Contains(attachment.Ips[0].Address.ToString(), await _podNamespace.InsideAsync("ip -4 addr show eth0"), StringComparison.Ordinal);
        Assert.Contains(attachment.Mac, await _podNamespace.InsideAsync("ip link show eth0"), StringComparison.Ordinal);
        Assert.Contains("18080", await _host.InsideAsync("iptables-save -t nat"), StringComparison.Ordinal);
        Assert.NotEmpty(Reservations());

        await network.DeleteAsync(Pod(), CancellationToken.None);
        await network.DeleteAsync(Pod(), CancellationToken.None);

        Assert.Empty(Reservations());
        Assert.DoesNotContain("18080", await _host.InsideAsync("iptables-save -t nat"), StringComparison.Ordinal);
        Assert.DoesNotContain("eth0", await _podNamespace.InsideAsync("ip link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostPort_RealPlugins_ReachesThePod()
    {
        using var network = _site.Open();
        var attachment = await network.AddAsync(Pod(), CancellationToken.None);
        var server = Serve();

        try
        {
            var answer = await _host.InsideAsync(
                $"for i in $(seq 600); do printf \"GET /hello HTTP/1.0\\r\\n\\r\\n\" | busybox nc {attachment.Ips[0].Gateway} 18080 && exit 0; sleep 0.1; done; exit 1");
            Assert.EndsWith("from the pod", answer, StringComparison.Ordinal);
        }
        finally
        {
            using var process = PidFd.Open(server);
            PidFd.Signal(process, 9);
            PidFd.Reap(process);
            await network.DeleteAsync(Pod(), CancellationToken.None);
        }
    }

    [Fact]
    public async Task Delete_NamespaceGoneAndAnotherServer_GivesTheAddressBack()
    {
        using (var before = _site.Open())
        {
            await before.AddAsync(Pod(), CancellationToken.None);
        }

        await _podNamespace.DisposeAsync();
        using (var after = _site.Open())
        {
            await after.DeleteAsync(Pod(), CancellationToken.None);
        }

        Assert.Empty(Reservations());
        Assert.DoesNotContain("18080", await _host.InsideAsync("iptables-save -t nat"), StringComparison.Ordinal);
        _podNamespace = await NetworkNamespace.CreateAsync();
    }

    [Fact]
    public async Task Add_ManyPodsAtOnce_GetDifferentAddresses()
    {
        var namespaces = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => NetworkNamespace.CreateAsync()));
        using var network = _site.Open();
        PodNetwork[] pods = [.. namespaces.Select((ns, i) => CniSite.Pod($"pod{i}") with { NetnsPath = ns.Path })];

        var attachments = await Task.WhenAll(pods.Select(pod => network.AddAsync(pod, CancellationToken.None)));
        await Task.WhenAll(pods.Select(pod => network.DeleteAsync(pod, CancellationToken.None)));
        await Task.WhenAll(namespaces.Select(ns => ns.DisposeAsync().AsTask()));

        Assert.Equal(pods.Length, attachments.Select(attachment => attachment.Ips[0].Address).Distinct().Count());
        Assert.Empty(Reservations());
    }

    [Fact]
    public async Task Check_RealPlugins_FindsAMissingAddress()
    {
        using var network = _site.Open();
        // Without host ports: the portmap plugin looks for IPv4 rules among those of IPv6.
        await network.AddAsync(Pod() with { PortMappings = [] }, CancellationToken.None);
        await network.CheckAsync(Pod(), CancellationToken.None);

        await _podNamespace.InsideAsync("ip addr flush dev eth0");

        await Assert.ThrowsAsync<CniException>(() => network.CheckAsync(Pod(), CancellationToken.None));
        await network.DeleteAsync(Pod(), CancellationToken.None);
    }

    private PodNetwork Pod() => CniSite.Pod() with { NetnsPath = _podNamespace.Path, PortMappings = [new CniPortMapping(18080, 80, "tcp")] };

    // host-local keeps a file named by each address, beside a lock and the last address of each range.
    private string[] Reservations()
    {
        var directory = Path.Combine(_site.Root, "ipam", "pods");
        return [.. Directory.GetFiles(directory).Select(file => Path.GetFileName(file)).Where(name => IPAddress.TryParse(name, out _))];
    }

    private int Serve()
    {
        var root = Directory.CreateDirectory(Path.Combine(_site.Root, "www")).FullName;
        File.WriteAllText(Path.Combine(root, "hello"), "from the pod");
        return ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/usr/bin/nsenter",
            Arguments = ["nsenter", $"--net={_podNamespace.Path}", "busybox", "httpd", "-f", "-p", "80", "-h", root],
        });
    }
}
