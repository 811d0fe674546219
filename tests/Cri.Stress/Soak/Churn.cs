using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Streaming;

namespace Cri.Stress.Soak;

/// <summary>What a busy node does all day, a round at a time: short pods come and go, and a pod that stays is asked for everything.</summary>
/// <param name="endpoint">Where.</param>
public sealed class Churn(CriEndpoint endpoint)
{
    /// <summary>The pod that stays: its shim is measured.</summary>
    public TestPod Staying { get; private set; } = null!;

    private TestContainer Server { get; set; } = null!;

    /// <summary>Makes the pod that stays.</summary>
    public async Task BeginAsync()
    {
        Staying = await TestPod.RunAsync(endpoint);
        Server = await Staying.StartScriptAsync("mkdir /tmp/w; echo content > /tmp/w/page; httpd -p 8080 -h /tmp/w; while :; do echo tick; sleep 0.05; done");
    }

    /// <summary>One round.</summary>
    public async Task RoundAsync()
    {
        await Task.WhenAll(ComeAndGoAsync(), AskAsync());
        await ForwardAsync();
    }

    private async Task ComeAndGoAsync()
    {
        await using var pod = await TestPod.RunAsync(endpoint);
        var first = await pod.StartScriptAsync("echo hello; exit 3");
        await first.ExitAsync();
        var second = await pod.StartAsync(["sleep", "1000"]);
        await second.ExecAsync(["true"]);
        await second.StopAsync(0);
        await second.RemoveAsync();
    }

    private async Task AskAsync()
    {
        using var events = endpoint.Runtime.GetContainerEvents(new GetEventsRequest());
        for (var number = 0; number < 3; number++)
        {
            await Server.ExecAsync(["echo", $"{number}"]);
        }

        var brief = await Staying.StartAsync(["true"]);
        await brief.ExitAsync();
        await brief.RemoveAsync();
        File.Move(Server.LogPath, Server.LogPath + ".1", overwrite: true);
        await endpoint.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = Server.Id });
        await endpoint.Runtime.ListContainersAsync(new ListContainersRequest());
        await endpoint.Runtime.ListContainerStatsAsync(new ListContainerStatsRequest());
        await endpoint.Runtime.ListPodSandboxStatsAsync(new ListPodSandboxStatsRequest());
        await endpoint.Runtime.ListPodSandboxMetricsAsync(new ListPodSandboxMetricsRequest());
        await endpoint.Images.ImageFsInfoAsync(new ImageFsInfoRequest());
        await endpoint.Runtime.StatusAsync(new StatusRequest { Verbose = true });
    }

    private async Task ForwardAsync()
    {
        var url = (await endpoint.Runtime.PortForwardAsync(new PortForwardRequest { PodSandboxId = Staying.Id })).Url;
        await using var client = await SpdyClient.ConnectAsync(new Uri(url), "portforward.k8s.io");
        (string, string)[] Headers(string type) => [("streamtype", type), ("port", "8080"), ("requestid", "0")];
        await (await client.OpenAsync(Headers("error"))).FinishAsync();
        var data = await client.OpenAsync(Headers("data"));
        await data.WriteAsync("GET /page HTTP/1.0\r\n\r\n"u8.ToArray());
        await data.ReadToEndAsync();
    }
}
