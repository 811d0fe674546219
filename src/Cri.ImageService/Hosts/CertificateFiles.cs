using System.Globalization;

namespace Cri.ImageService.Hosts;

/// <summary>The certificate files of a registry's directory.</summary>
internal static class CertificateFiles
{
    /// <summary>
    /// Docker's way, for a directory without a hosts file: <c>*.crt</c> are authorities, <c>*.cert</c> a client's
    /// certificates, each with its key in the <c>.key</c> file of the same name, or inside.
    /// </summary>
    internal static RegistryHost Apply(string directory, RegistryHost host)
    {
        var files = Directory.GetFiles(directory).Order(StringComparer.Ordinal).ToList();
        var authorities = files.Where(file => file.EndsWith(".crt", StringComparison.Ordinal)).ToList();
        var clients = files.Where(file => file.EndsWith(".cert", StringComparison.Ordinal)).Select(WithKey).ToList();
        return authorities.Count + clients.Count == 0 ? host : host with
        {
            Connection = host.Connection with
            {
                CaFiles = string.Join('\n', authorities),
                ClientCertificates = string.Join('\n', clients),
            },
        };
    }

    /// <summary>The settings with the stamps of the files that they name now.</summary>
    internal static ConnectionSettings Stamp(ConnectionSettings settings)
    {
        var files = $"{settings.CaFiles}\n{settings.ClientCertificates}".Split(['\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return files.Length == 0 ? settings : settings with { FileStamps = string.Join(' ', files.Select(StampOf)) };
    }

    private static string WithKey(string certificate)
    {
        var key = Path.ChangeExtension(certificate, ".key");
        return File.Exists(key) ? $"{certificate}\t{key}" : certificate;
    }

    private static string StampOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.LastWriteTimeUtc.Ticks}:{file.Length}") : "-";
    }
}
