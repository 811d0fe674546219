using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp metrics</c>: the metrics of pods and containers as a Prometheus server would read them from a kubelet.</summary>
internal static class MetricsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("metrics", "Show the metrics of pods and containers as Prometheus text.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        var list = await CommandFailure.ExplainAsync(
            "read metrics", session.Runtime.ListPodSandboxMetricsAsync(new ListPodSandboxMetricsRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(list);
            return 0;
        }

        var descriptors = await CommandFailure.ExplainAsync(
            "read metric descriptors", session.Runtime.ListMetricDescriptorsAsync(new ListMetricDescriptorsRequest(), session.Options));
        session.Terminal.Write(PrometheusText.Of(
            descriptors.Descriptors, list.PodMetrics.SelectMany(pod => pod.Metrics.Concat(pod.ContainerMetrics.SelectMany(container => container.Metrics)))));
        return 0;
    }
}
