namespace Cri.ImageService.Hosts;

/// <summary>How connections to a host are made. Hosts with equal settings share a connection pool.</summary>
public sealed record ConnectionSettings
{
    /// <summary>True to take any server certificate.</summary>
    public bool SkipVerify { get; init; }

    /// <summary>PEM files of certificate authorities to trust beside the system's, one a line; empty for none.</summary>
    public string CaFiles { get; init; } = "";

    /// <summary>Client certificates: a PEM file, or certificate and key files with a tab between, one a line; empty for none.</summary>
    public string ClientCertificates { get; init; } = "";

    /// <summary>
    /// When those files were changed and how long they are, so that connections made from now on use what they hold now.
    /// </summary>
    public string FileStamps { get; init; } = "";

    /// <summary>How long a connect may take.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
