using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cri.ImageService.Hosts;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// Connection pools, one for each way to connect. Redirects and cookies are not handled here, and nothing is decompressed.
/// HTTP_PROXY and its kin are honoured. Pools of settings that a hosts file no longer names end with their idle connections.
/// </summary>
internal sealed class HttpConnections(ImageServiceOptions options) : IDisposable
{
    // In kilobytes: what a registry may say before its answer begins.
    private const int HeadersMax = 64;

    // id-kp-serverAuth (RFC 5280, 4.2.1.12).
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly ConcurrentDictionary<ConnectionSettings, Lazy<HttpMessageInvoker>> _pools = new();
    private readonly EnvironmentProxy _proxy = new(options.Environment);

    /// <summary>What all pulls over these connections may use together.</summary>
    internal TransferBudget Budget { get; } = new(options);

    /// <summary>Sends a request and returns when the head of the answer is here.</summary>
    /// <exception cref="TimeoutException">The host stood still for longer than the stall timeout.</exception>
    /// <exception cref="HttpRequestException">The host cannot be reached, or broke off.</exception>
    /// <exception cref="ImageException">A certificate or the proxy is not what it should be.</exception>
    internal async Task<HttpResponseMessage> SendAsync(ConnectionSettings settings, HttpRequestMessage request, CancellationToken cancellation)
    {
        _proxy.Check(request.RequestUri!);
        request.Headers.UserAgent.ParseAdd(options.UserAgent);
        var pool = _pools.GetOrAdd(settings, NewPool).Value;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.StallTimeout);
        try
        {
            return await pool.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                error.InnerException is TimeoutException ? $"no connection within {settings.DialTimeout.TotalSeconds:0.#} s"
                    : $"no answer within {options.StallTimeout.TotalSeconds:0.#} s",
                error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pool in _pools.Values.Where(pool => pool.IsValueCreated))
        {
            pool.Value.Dispose();
        }
    }

    // A certificate file that cannot be read now may be readable later, so a failure is not remembered.
    private Lazy<HttpMessageInvoker> NewPool(ConnectionSettings settings) =>
        new(() => new HttpMessageInvoker(CreateHandler(settings)), LazyThreadSafetyMode.PublicationOnly);

    private SocketsHttpHandler CreateHandler(ConnectionSettings settings)
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = settings.DialTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            MaxResponseHeadersLength = HeadersMax,
            UseProxy = true,
            Proxy = _proxy,
        };
        if (settings.SkipVerify)
        {
#pragma warning disable CA5359 // The administrator asked for exactly this with skip_verify.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (settings.CaFiles.Length > 0)
        {
            var trusted = LoadAuthorities(settings.CaFiles);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, trusted);
        }

        if (settings.ClientCertificates.Length > 0)
        {
            handler.SslOptions.ClientCertificates = [.. settings.ClientCertificates.Split('\n').Select(LoadClientCertificate)];
        }

        return handler;
    }

    private static X509Certificate2Collection LoadAuthorities(string files)
    {
        var trusted = new X509Certificate2Collection();
        foreach (var file in files.Split('\n'))
        {
            var before = trusted.Count;
            Load(file, () => trusted.ImportFromPemFile(file));
            if (trusted.Count == before)
            {
                throw new ImageException(StatusCode.InvalidArgument, $"hosts file: certificate {file}: it has no PEM certificate");
            }
        }

        return trusted;
    }

    private static X509Certificate LoadClientCertificate(string files)
    {
        X509Certificate2? loaded = null;
        Load(files.Replace("\t", " and "), () => loaded = files.Split('\t') is [var certificate, var key]
            ? X509Certificate2.CreateFromPemFile(certificate, key)
            : X509Certificate2.CreateFromPemFile(files));
        return loaded!;
    }

    private static void Load(string file, Action load)
    {
        try
        {
            load();
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException(StatusCode.InvalidArgument, $"hosts file: certificate {file}: {error.Message}", error);
        }
    }

    // What the system trusts stays trusted; a chain that leads to one of the given certificates is too, whether that one is a
    // root, in the middle, or the server's own.
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection trusted)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 leaf || chain is null)
        {
            return false;
        }

        using var custom = new X509Chain();
        custom.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        custom.ChainPolicy.CustomTrustStore.AddRange(trusted);
        custom.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        custom.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        custom.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        custom.ChainPolicy.ExtraStore.AddRange(trusted);
        custom.ChainPolicy.ExtraStore.AddRange(chain.ChainElements.Select(element => element.Certificate).ToArray());
        return custom.Build(leaf)
            && custom.ChainElements.Any(element => trusted.Any(own => own.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)));
    }
}
