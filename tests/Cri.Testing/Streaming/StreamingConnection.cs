using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Cri.Testing.Streaming;

/// <summary>A connection to a streaming URL, and HTTP's part of it.</summary>
public sealed class StreamingConnection : IDisposable
{
    private StreamingConnection(Socket socket, Stream stream)
    {
        Socket = socket;
        Stream = stream;
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>The stream on it, within TLS when the URL is https.</summary>
    public Stream Stream { get; }

    /// <summary>Connects; any certificate is taken.</summary>
    public static async Task<StreamingConnection> OpenAsync(Uri url)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(url.Host, url.Port).ConfigureAwait(false);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (url.Scheme == "https")
        {
            var secured = new SslStream(stream);
            var options = new SslClientAuthenticationOptions { TargetHost = url.Host };
#pragma warning disable CA5359 // Tests make their certificates themselves.
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
            await secured.AuthenticateAsClientAsync(options).ConfigureAwait(false);
            stream = secured;
        }

        return new StreamingConnection(socket, stream);
    }

    /// <summary>Sends a request with these header lines; returns the head of the answer, with its empty line.</summary>
    public async Task<string> RequestAsync(string line, params string[] headers)
    {
        var head = string.Concat(headers.Prepend(line).Append("Host: test").Select(text => text + "\r\n")) + "\r\n";
        await Stream.WriteAsync(Encoding.Latin1.GetBytes(head)).ConfigureAwait(false);
        return await ReadHeadAsync().ConfigureAwait(false);
    }

    /// <summary>Reads the head of an answer, and nothing after it; what there is of it when the connection ends.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await Stream.ReadAsync(one) > 0)
        {
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        Socket.Dispose();
    }
}
