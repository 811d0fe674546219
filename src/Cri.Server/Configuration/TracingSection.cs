namespace Cri.Server.Configuration;

/// <summary>The keys below <c>tracing</c>.</summary>
internal static class TracingSection
{
    private const string HttpPath = "/v1/traces";
    private const int Million = 1_000_000;

    /// <summary>Reads them.</summary>
    internal static TracingConfiguration Bind(ConfigurationSection section)
    {
        var absent = new TracingConfiguration();
        var protocol = section.Choice<TraceProtocol>("protocol") ?? absent.Protocol;
        var configuration = new TracingConfiguration
        {
            Endpoint = section.Value("endpoint", "a URL", text => Endpoint(text, protocol)),
            Protocol = protocol,
            SamplesPerMillion = section.Number("samplesPerMillion", 0, Million) ?? absent.SamplesPerMillion,
        };
        section.Finish();
        return configuration;
    }

    // Over HTTP the path is the protocol's own unless the URL has one.
    private static Uri Endpoint(string text, TraceProtocol protocol)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new FormatException($"expected a URL such as http://127.0.0.1:4318, found \"{text}\"");
        }

        return protocol == TraceProtocol.Http && url.AbsolutePath == "/" ? new Uri(url, HttpPath) : url;
    }
}
