using Cri.Linux;

namespace Cri.RuntimeService.Metrics;

/// <summary>What network interfaces have carried.</summary>
internal static class NetworkMetrics
{
    private static readonly MetricFamily _rxBytes = MetricFamily.Counter(
        "container_network_receive_bytes_total", "Bytes received.", "interface");

    private static readonly MetricFamily _rxPackets = MetricFamily.Counter(
        "container_network_receive_packets_total", "Packets received.", "interface");

    private static readonly MetricFamily _rxDropped = MetricFamily.Counter(
        "container_network_receive_packets_dropped_total", "Packets received and dropped.", "interface");

    private static readonly MetricFamily _rxErrors = MetricFamily.Counter(
        "container_network_receive_errors_total", "Packets that could not be received.", "interface");

    private static readonly MetricFamily _txBytes = MetricFamily.Counter(
        "container_network_transmit_bytes_total", "Bytes sent.", "interface");

    private static readonly MetricFamily _txPackets = MetricFamily.Counter(
        "container_network_transmit_packets_total", "Packets sent.", "interface");

    private static readonly MetricFamily _txDropped = MetricFamily.Counter(
        "container_network_transmit_packets_dropped_total", "Packets dropped on the way out.", "interface");

    private static readonly MetricFamily _txErrors = MetricFamily.Counter(
        "container_network_transmit_errors_total", "Packets that could not be sent.", "interface");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _rxBytes,
        _rxPackets,
        _rxDropped,
        _rxErrors,
        _txBytes,
        _txPackets,
        _txDropped,
        _txErrors,
    ];

    internal static void Add(MetricSamples samples, LinkCounters link)
    {
        samples.Add(_rxBytes, link.RxBytes, link.Name);
        samples.Add(_rxPackets, link.RxPackets, link.Name);
        samples.Add(_rxDropped, link.RxDropped, link.Name);
        samples.Add(_rxErrors, link.RxErrors, link.Name);
        samples.Add(_txBytes, link.TxBytes, link.Name);
        samples.Add(_txPackets, link.TxPackets, link.Name);
        samples.Add(_txDropped, link.TxDropped, link.Name);
        samples.Add(_txErrors, link.TxErrors, link.Name);
    }
}
