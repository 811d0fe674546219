using System.Text;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Selinux;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>The files that every container of a pod sees: resolv.conf, hosts, hostname and /dev/shm.</summary>
public static class PodFiles
{
    private static readonly string[] _shmOptions = ["nosuid", "nodev", "noexec", "mode=1777", "size=67108864"];

    /// <summary>Writes the files and mounts the pod's shared memory.</summary>
    public static void Write(V1.PodSandboxConfig config, PodLayout files, SelinuxLabels labels)
    {
        File.WriteAllText(files.Hostname, HostName(config) + "\n");
        CopyOr(files.Hosts, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        if (ResolvConf(config.DnsConfig) is { } resolver)
        {
            File.WriteAllText(files.ResolvConf, resolver);
        }
        else
        {
            CopyOr(files.ResolvConf, "/etc/resolv.conf", "");
        }

        foreach (var path in new[] { files.Hostname, files.Hosts, files.ResolvConf })
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            if (labels.Mount is { } label)
            {
                VolumeRelabel.Apply(path, label);
            }
        }

        var (user, group) = Root(config);
        using (var directory = FileTree.Open(files.Directory))
        {
            foreach (var path in new[] { files.Hostname, files.Hosts, files.ResolvConf })
            {
                FileTree.SetOwner(directory.Root, Encoding.UTF8.GetBytes(Path.GetFileName(path)), user, group);
            }
        }

        if (!SandboxNamespaces.HostIpc(config))
        {
            Directory.CreateDirectory(files.Shm);
            Mount.Make("tmpfs", "shm", files.Shm, [.. _shmOptions, $"uid={user}", $"gid={group}", .. labels.MountOptions]);
        }
    }

    // The pod's root owns the pod's files.
    private static (uint User, uint Group) Root(V1.PodSandboxConfig config) => PodUserNamespace.Of(config) is { } ids
        ? (ids.Users.HostId, ids.Groups.HostId)
        : (0, 0);

    /// <summary>Unmounts the shared memory if it is mounted.</summary>
    public static void UnmountShm(PodLayout files)
    {
        if (Directory.Exists(files.Shm))
        {
            Mount.UnmountAll(files.Shm);
        }
    }

    // An empty configuration means that the node's resolver applies (CRI DNSConfig).
    private static string? ResolvConf(V1.DNSConfig? dns)
    {
        if (dns is null || (dns.Servers.Count == 0 && dns.Searches.Count == 0 && dns.Options.Count == 0))
        {
            return null;
        }

        foreach (var part in dns.Servers.Concat(dns.Searches).Concat(dns.Options))
        {
            if (part.Any(char.IsControl))
            {
                throw CriError.Invalid($"dns_config: \"{part.ReplaceLineEndings("\\n")}\" contains a control character");
            }
        }

        var text = new StringBuilder();
        AppendLine(text, "search", dns.Searches);
        foreach (var server in dns.Servers)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        AppendLine(text, "options", dns.Options);
        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, string keyword, IReadOnlyCollection<string> values)
    {
        if (values.Count > 0)
        {
            text.Append(keyword).Append(' ').AppendJoin(' ', values).Append('\n');
        }
    }

    private static string HostName(V1.PodSandboxConfig config) =>
        config.Hostname.Length > 0 ? config.Hostname : File.ReadAllText("/proc/sys/kernel/hostname").Trim();

    private static void CopyOr(string target, string source, string otherwise) =>
        File.WriteAllText(target, File.Exists(source) ? File.ReadAllText(source) : otherwise);
}
