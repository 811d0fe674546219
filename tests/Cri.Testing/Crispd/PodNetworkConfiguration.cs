namespace Cri.Testing.Crispd;

/// <summary>A CNI configuration with a bridge, a subnet and a network name that nobody else on the machine uses.</summary>
public sealed class PodNetworkConfiguration : IDisposable
{
    private static readonly Lock _lock = new();
    private readonly FileStream _reservation;

    private PodNetworkConfiguration(int number, FileStream reservation)
    {
        _reservation = reservation;
        Bridge = $"crispt{number}";
        Subnet = $"10.213.{number}";
    }

    /// <summary>The bridge's interface name; also the CNI network's name.</summary>
    public string Bridge { get; }

    /// <summary>The first three numbers of the /24.</summary>
    public string Subnet { get; }

    /// <summary>Reserves the first free number; other test processes see the reservation as a locked file.</summary>
    public static PodNetworkConfiguration Reserve()
    {
        lock (_lock)
        {
            for (var number = 1; number < 250; number++)
            {
                if (!Directory.Exists($"/sys/class/net/crispt{number}") && TryLock(Path.Combine(Path.GetTempPath(), $"crispt{number}.lock")) is { } file)
                {
                    return new PodNetworkConfiguration(number, file);
                }
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

    /// <summary>Removes the bridge and gives the number back.</summary>
    public void Dispose()
    {
        if (Directory.Exists($"/sys/class/net/{Bridge}"))
        {
            Command.Run("ip", "link", "delete", Bridge);
        }

        _reservation.Dispose();
        File.Delete(_reservation.Name);
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
