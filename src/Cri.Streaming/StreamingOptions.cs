using System.Net;

namespace Cri.Streaming;

/// <summary>Where and how streams are served.</summary>
public sealed record StreamingOptions
{
    /// <summary>The address to listen on.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// The host in the URLs; null is the address that is listened on, or, when that is a wildcard, the address that the node
    /// reaches others from.
    /// </summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>The path of a PEM file of the certificate and its issuers; null serves without TLS.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The path of a PEM file of the certificate's private key; needed with a certificate.</summary>
    public string? KeyFile { get; init; }

    /// <summary>How many connections may be open at once; further ones are closed on accept.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>How long a connection may go without a byte either way until it is ended.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Told, in a line of text, of failures that are no fault of a client.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}
