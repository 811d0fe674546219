using System.Net.Sockets;
using Cri.Testing.Leaks;

namespace Cri.Testing.Crispd;

/// <summary>A CNI configuration with a bridge, a subnet and a network name that nobody else on the machine uses.</summary>
public sealed class PodNetworkConfiguration : IDisposable
{
    private static readonly Lock _lock = new();
    private readonly Socket _reservation;

    private PodNetworkConfiguration(int number, Socket reservation)
    {
        _reservation = reservation;
        Bridge = $"crispt{number}";
        Subnet = $"10.213.{number}";
    }

    /// <summary>The bridge's interface name; also the CNI network's name.</summary>
    public string Bridge { get; }

    /// <summary>The first three numbers of the /24.</summary>
    public string Subnet { get; }

    /// <summary>
    /// Reserves the first free number; other tests, of any process, see the reservation as the abstract name of a socket. What a
    /// killed run left of the network's firewall rules goes: they would be taken for this run's.
    /// </summary>
    public static PodNetworkConfiguration Reserve()
    {
        lock (_lock)
        {
            for (var number = 1; number < 250; number++)
            {
                if (TryReserve($"\0crispt{number}") is not { } reservation)
                {
                    continue;
                }

                if (!Directory.Exists($"/sys/class/net/crispt{number}"))
                {
                    LeftoverRules.Remove($"crispt{number}");
                    return new PodNetworkConfiguration(number, reservation);
                }

                reservation.Dispose();
            }
        }

        throw new InvalidOperationException("no test network is free: bridges crispt1 to crispt249 exist");
    }

    /// <summary>Writes the conflist into <paramref name="directory"/>; the address leases go to <paramref name="leases"/>.</summary>
    public void Write(string directory, string leases)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "10-test.conflist"), $$"""
            {
              "cniVersion": "1.0.0",
              "name": "{{Bridge}}",
              "plugins": [
                {
                  "type": "bridge", "bridge": "{{Bridge}}", "isGateway": true, "ipMasq": true, "hairpinMode": true,
                  "ipam": {
                    "type": "host-local", "dataDir": "{{leases}}",
                    "ranges": [[{ "subnet": "{{Subnet}}.0/24" }]], "routes": [{ "dst": "0.0.0.0/0" }]
                  }
                },
                { "type": "portmap", "capabilities": { "portMappings": true } }
              ]
            }
            """);
    }

    /// <summary>Removes the bridge and any rules, and gives the number back.</summary>
    public void Dispose()
    {
        if (Directory.Exists($"/sys/class/net/{Bridge}"))
        {
            Command.Run("ip", "link", "delete", Bridge);
        }

        LeftoverRules.Remove(Bridge);
        _reservation.Dispose();
    }

    // The kernel gives a name to one socket only, and takes it back when that closes, however the process ends: unix(7).
    private static Socket? TryReserve(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(name));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
