using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cri.Streaming.Connections;

/// <summary>
/// The certificate of the listener, read from its files, and again when they have changed. Files that cannot be read then, as in
/// the middle of a change, leave the former one in use.
/// </summary>
internal sealed class ServerCertificate(string certificateFile, string keyFile, Action<string> warn)
{
    private readonly Lock _gate = new();
    private SslStreamCertificateContext? _context;
    private (DateTime Certificate, DateTime Key) _changed;

    /// <summary>The certificate in force.</summary>
    /// <exception cref="IOException">There is none yet, and the files cannot be read.</exception>
    internal SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                var changed = (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile));
                if (_context is null || changed != _changed)
                {
                    _context = Read() ?? _context;
                    _changed = changed;
                }

                return _context ?? throw new IOException($"certificate {certificateFile} with key {keyFile}: not readable");
            }
        }
    }

    private SslStreamCertificateContext? Read()
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificateFile);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificateFile, keyFile), chain, offline: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            warn($"certificate {certificateFile} with key {keyFile}: {error.Message}");
            return null;
        }
    }
}
