using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Cri.Grpc.Server.Hosting;

/// <summary>
/// Lets clients in whose <c>:authority</c> is a socket path. grpc-go, and with it kubelets and crictl before 1.28, send the
/// escaped path (<c>%2Frun%2Fcrisp.sock</c>), which Kestrel resets with PROTOCOL_ERROR. The refused letters are overwritten in
/// place, in the same number of bits, so that both ends' header tables stay equal in size (RFC 7541, 4.1).
/// </summary>
internal static class AuthorityFilter
{
    /// <summary>The connection middleware.</summary>
    public static ConnectionDelegate Wrap(ConnectionDelegate next) => connection =>
    {
        connection.Transport = new FilteredPipe(new AuthorityReader(connection.Transport.Input), connection.Transport.Output);
        return next(connection);
    };

    private sealed record FilteredPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
