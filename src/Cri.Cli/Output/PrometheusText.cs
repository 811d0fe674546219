using System.Text;
using Cri.Api.V1;

namespace Cri.Cli.Output;

/// <summary>Metrics in the Prometheus text format, version 0.0.4, without time stamps.</summary>
internal static class PrometheusText
{
    /// <summary>The text of all samples, in the order of the descriptors; metrics without samples are left out.</summary>
    public static string Of(IEnumerable<MetricDescriptor> descriptors, IEnumerable<Metric> samples)
    {
        var byName = samples.ToLookup(sample => sample.Name);
        var text = new StringBuilder();
        foreach (var descriptor in descriptors.Where(descriptor => byName.Contains(descriptor.Name)))
        {
            var type = byName[descriptor.Name].First().MetricType == MetricType.Counter ? "counter" : "gauge";
            text.Append($"# HELP {descriptor.Name} {descriptor.Help.Replace("\\", "\\\\").Replace("\n", "\\n")}\n# TYPE {descriptor.Name} {type}\n");
            foreach (var sample in byName[descriptor.Name])
            {
                var labels = descriptor.LabelKeys.Zip(sample.LabelValues, (key, value) => $"{key}=\"{Escape(value)}\"");
                text.Append($"{descriptor.Name}{{{string.Join(',', labels)}}} {sample.Value?.Value ?? 0}\n");
            }
        }

        return text.ToString();
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}
