namespace Cri.RuntimeService.Cni;

/// <summary>Where the network configuration and the plugins are, and how long a plugin may take.</summary>
public sealed record CniOptions
{
    /// <summary>The directory of *.conflist, *.conf and *.json files; it need not exist yet.</summary>
    public string ConfDir { get; init; } = "/etc/cni/net.d";

    /// <summary>The directories that are searched, in order, for a plugin's binary.</summary>
    public IReadOnlyList<string> BinDirs { get; init; } = ["/opt/cni/bin", "/usr/lib/cni"];

    /// <summary>
    /// Where attachments are recorded, one file each. It should outlive a reboot: IPAM plugins keep their reservations on disk,
    /// and only a recorded attachment can be released afterwards.
    /// </summary>
    public required string CacheDir { get; init; }

    /// <summary>Is told what an interrupted call had left and was cleaned up.</summary>
    public Action<string> Report { get; init; } = _ => { };

    /// <summary>The deadline of each single plugin call; a plugin still running then is killed with its process group.</summary>
    public TimeSpan PluginTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
