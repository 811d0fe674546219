using System.Globalization;
using Cri.Streaming.Connections;
using Cri.Streaming.Http;
using Cri.Streaming.PortForwards;
using Cri.Streaming.Terminals;
using Cri.Streaming.WebSockets;

namespace Cri.Streaming;

/// <summary>
/// Answers the request on a connection: finds what its token stands for, agrees on a protocol and serves it. A token is used up by
/// the request that names it, even when that request then turns out to be wrong.
/// </summary>
internal sealed class StreamDispatch(TokenStore tokens, Action<string> warn, CancellationToken stop)
{
    private const string ProtocolHeader = "X-Stream-Protocol-Version";
    private const string Spdy = "SPDY/3.1";

    /// <summary>Serves the request to its end; null is one that was not understood.</summary>
    internal Task ServeAsync(IByteChannel channel, RequestHead? request)
    {
        if (request is null)
        {
            return Response.RefuseAsync(channel, "400 Bad Request", "not an HTTP/1.1 request with a head of at most 16 KiB").AsTask();
        }

        if (request.Method is not ("GET" or "POST"))
        {
            return Response.RefuseAsync(channel, "405 Method Not Allowed", "only GET and POST", ("Allow", "GET, POST")).AsTask();
        }

        var stream = request.Path.Split('/') is ["", var segment, var token] && tokens.Take(token) is { } found && found.PathSegment == segment
            ? found
            : null;
        return stream switch
        {
            null => Response.RefuseAsync(channel, "404 Not Found", "no such stream; a URL is good for one use within a minute").AsTask(),
            TerminalRequest terminal when request.AsksFor("websocket") => WebSocketTerminalAsync(channel, request, terminal),
            TerminalRequest terminal when request.AsksFor(Spdy) => SpdyTerminalAsync(channel, request, terminal),
            PortForwardRequest forward when request.AsksFor("websocket") => WebSocketPortForwardAsync(channel, request, forward),
            PortForwardRequest forward when request.AsksFor(Spdy) => SpdyPortForwardAsync(channel, request, forward),
            _ => Response.RefuseAsync(channel, "400 Bad Request", $"an upgrade to websocket or {Spdy} is needed").AsTask(),
        };
    }

    private async Task WebSocketTerminalAsync(IByteChannel channel, RequestHead request, TerminalRequest terminal)
    {
        if (await WebSocketHandshake.AcceptAsync(channel, request, WebSocketTerminal.Protocols) is { } protocol)
        {
            await new WebSocketTerminal(new TerminalSession(terminal, warn, stop), protocol).RunAsync(new WebSocketConnection(channel));
        }
    }

    private async Task SpdyTerminalAsync(IByteChannel channel, RequestHead request, TerminalRequest terminal)
    {
        if (await UpgradeAsync(channel, request, SpdyTerminal.Protocols) is { } protocol)
        {
            await new SpdyTerminal(new TerminalSession(terminal, warn, stop), protocol).RunAsync(channel);
        }
    }

    private async Task SpdyPortForwardAsync(IByteChannel channel, RequestHead request, PortForwardRequest forward)
    {
        if (await UpgradeAsync(channel, request, [SpdyPortForward.Protocol]) is not null)
        {
            await new SpdyPortForward(new PortForwardSession(forward, warn), stop).RunAsync(channel);
        }
    }

    private async Task WebSocketPortForwardAsync(IByteChannel channel, RequestHead request, PortForwardRequest forward)
    {
        var asksForTunnel = request.List("Sec-WebSocket-Protocol").Contains(WebSocketPortForward.TunnelProtocol);
        var ports = forward.Ports.Count > 0 ? forward.Ports : Ports(request);
        if (!asksForTunnel && ports is not { Count: > 0 and <= WebSocketPortForward.MostPorts })
        {
            var text = $"the channels of a WebSocket need from 1 to {WebSocketPortForward.MostPorts} ports, as port=NUMBER in the query";
            await Response.RefuseAsync(channel, "400 Bad Request", text);
            return;
        }

        IReadOnlyList<string> supported = asksForTunnel ? [WebSocketPortForward.TunnelProtocol] : WebSocketPortForward.Protocols;
        if (await WebSocketHandshake.AcceptAsync(channel, request, supported) is not { } protocol)
        {
            return;
        }

        var session = new PortForwardSession(forward, warn);
        var socket = new WebSocketConnection(channel);
        await (protocol == WebSocketPortForward.TunnelProtocol
            ? new SpdyPortForward(session, stop).RunAsync(new WebSocketTunnel(socket))
            : new WebSocketPortForward(session, ports!, protocol, stop).RunAsync(socket));
    }

    // Null when one of them is no port.
    private static List<int>? Ports(RequestHead request)
    {
        var ports = new List<int>();
        foreach (var text in request.QueryValues("port").Concat(request.QueryValues("ports")).SelectMany(value => value.Split(',')))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > ushort.MaxValue)
            {
                return null;
            }

            ports.Add(port);
        }

        return ports;
    }

    // The first of the client's subprotocols that we support; the oldest for a client from before there were any. Null: refused.
    private static async Task<string?> UpgradeAsync(IByteChannel channel, RequestHead request, IReadOnlyList<string> supported)
    {
        var asked = request.List(ProtocolHeader);
        var chosen = asked.Count == 0 ? supported[^1] : asked.FirstOrDefault(supported.Contains);
        if (chosen is null)
        {
            var text = $"none of the protocols {string.Join(", ", asked)} is supported, only {string.Join(", ", supported)}";
            (string, string)[] accepted = [.. supported.Select(protocol => ("X-Accepted-Stream-Protocol-Versions", protocol))];
            await Response.RefuseAsync(channel, "403 Forbidden", text, accepted);
            return null;
        }

        await (asked.Count == 0
            ? Response.SwitchAsync(channel, Spdy)
            : Response.SwitchAsync(channel, Spdy, (ProtocolHeader, chosen)));
        return chosen;
    }
}
