using System.Buffers;
using System.Text.Json;

namespace Cri.RuntimeService.Cni;

/// <summary>A pod's capability arguments (CONVENTIONS.md of the CNI specification) as one JSON object, name to argument.</summary>
internal static class CapabilityArguments
{
    /// <summary>Everything the pod has an argument for; which plugin gets what is up to the plugins.</summary>
    /// <exception cref="CniException">A generic argument is not JSON.</exception>
    internal static JsonElement Of(PodNetwork pod)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WritePortMappings(json, pod.PortMappings);
            WriteBandwidth(json, pod.Bandwidth);
            WriteDns(json, pod.Dns);
            WriteIpRanges(json, pod.IpRanges);
            WriteAnnotations(json, pod.Annotations);
            foreach (var (name, argument) in pod.CapabilityArguments)
            {
                WriteGeneric(json, name, argument);
            }

            json.WriteEndObject();
        }

        return JsonFields.Parse(buffer.WrittenMemory);
    }

    private static void WritePortMappings(Utf8JsonWriter json, IReadOnlyList<CniPortMapping> mappings)
    {
        var wanted = mappings.Where(mapping => mapping.HostPort > 0).ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        json.WriteStartArray("portMappings");
        foreach (var mapping in wanted)
        {
            json.WriteStartObject();
            json.WriteNumber("hostPort", mapping.HostPort);
            json.WriteNumber("containerPort", mapping.ContainerPort);
            json.WriteString("protocol", mapping.Protocol);
            if (mapping.HostIp.Length > 0)
            {
                json.WriteString("hostIP", mapping.HostIp);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteBandwidth(Utf8JsonWriter json, CniBandwidth? bandwidth)
    {
        if (bandwidth is null)
        {
            return;
        }

        json.WriteStartObject("bandwidth");
        json.WriteNumber("ingressRate", bandwidth.IngressRate);
        json.WriteNumber("ingressBurst", bandwidth.IngressBurst);
        json.WriteNumber("egressRate", bandwidth.EgressRate);
        json.WriteNumber("egressBurst", bandwidth.EgressBurst);
        json.WriteEndObject();
    }

    private static void WriteDns(Utf8JsonWriter json, CniDnsSettings? dns)
    {
        if (dns is null)
        {
            return;
        }

        json.WriteStartObject("dns");
        WriteList(json, "servers", dns.Servers);
        WriteList(json, "searches", dns.Searches);
        WriteList(json, "options", dns.Options);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteIpRanges(Utf8JsonWriter json, IReadOnlyList<IReadOnlyList<CniAddressRange>> sets)
    {
        if (sets.Count == 0)
        {
            return;
        }

        json.WriteStartArray("ipRanges");
        foreach (var set in sets)
        {
            json.WriteStartArray();
            foreach (var range in set)
            {
                WriteRange(json, range);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteRange(Utf8JsonWriter json, CniAddressRange range)
    {
        json.WriteStartObject();
        json.WriteString("subnet", range.Subnet);
        Write("rangeStart", range.RangeStart);
        Write("rangeEnd", range.RangeEnd);
        Write("gateway", range.Gateway);
        json.WriteEndObject();

        void Write(string name, System.Net.IPAddress? address)
        {
            if (address is not null)
            {
                json.WriteString(name, address.ToString());
            }
        }
    }

    private static void WriteAnnotations(Utf8JsonWriter json, IReadOnlyDictionary<string, string> annotations)
    {
        if (annotations.Count == 0)
        {
            return;
        }

        json.WriteStartObject("io.kubernetes.cri.pod-annotations");
        foreach (var (key, value) in annotations)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteGeneric(Utf8JsonWriter json, string name, string argument)
    {
        json.WritePropertyName(name);
        try
        {
            json.WriteRawValue(argument);
        }
        catch (JsonException e)
        {
            throw new CniException(CniFailure.InvalidRequest, $"the capability argument {name} is not JSON: {e.Message}", e);
        }
    }
}
