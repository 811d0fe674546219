namespace Cri.RuntimeService.Metrics;

/// <summary>A metric as cAdvisor names it, whose samples a kubelet re-exports.</summary>
/// <param name="Name">The Prometheus name.</param>
/// <param name="Type">Whether it only grows.</param>
/// <param name="Help">What it says.</param>
/// <param name="OwnLabels">The labels that it has besides <see cref="BaseLabels"/>, in order.</param>
public sealed record MetricFamily(string Name, V1.MetricType Type, string Help, params string[] OwnLabels)
{
    /// <summary>The labels that every metric has, before its own.</summary>
    public static IReadOnlyList<string> BaseLabels { get; } = ["pod", "namespace", "container", "id", "image"];

    /// <summary>Its description in the CRI.</summary>
    public V1.MetricDescriptor Descriptor => new() { Name = Name, Help = Help, LabelKeys = { BaseLabels, OwnLabels } };

    internal static MetricFamily Counter(string name, string help, params string[] labels) => new(name, V1.MetricType.Counter, help, labels);

    internal static MetricFamily Gauge(string name, string help, params string[] labels) => new(name, V1.MetricType.Gauge, help, labels);
}
