using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Runtime;

/// <summary>Which OCI runtime to run, and how.</summary>
/// <param name="Binary">Its absolute path.</param>
/// <param name="Root">Its state directory; null for its own default.</param>
/// <param name="SystemdCgroup">Cgroups through systemd.</param>
/// <param name="NoPivotRoot">Without pivot_root(2), for a root on a ramdisk.</param>
/// <param name="NoNewKeyring">Without a session keyring of its own.</param>
internal sealed record RuntimeOptions(string Binary, string? Root, bool SystemdCgroup, bool NoPivotRoot, bool NoNewKeyring)
{
    /// <summary>The user and group that own the standard streams.</summary>
    public (uint User, uint Group) IoOwner { get; init; }

    private const string FileName = "runtime-options.pb";
    private const string DefaultBinary = "runc";

    // Where containerd's own shims keep runc's state, one directory for each namespace.
    private const string ContainerdRoot = "/run/containerd/runc";
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Reads the options of a request.</summary>
    /// <param name="options">containerd.runc.v1.Options, or none.</param>
    /// <param name="ns">containerd's namespace; null without containerd.</param>
    public static RuntimeOptions From(Any? options, string? ns)
    {
        if (options is not null && options.TypeUrl.Length > 0 && !TypeUrl.Is(options, TypeUrl.RuncOptions))
        {
            throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"runtime options of type {options.TypeUrl} are not known");
        }

        return From(Options.Parser.ParseFrom(options?.Value ?? ByteString.Empty), ns);
    }

    /// <summary>Keeps the options in the bundle for a later <c>delete</c> by containerd.</summary>
    public static void Save(string bundle, Any? options) =>
        SmallFile.Write(Path.Combine(bundle, FileName), options?.Value.ToByteArray() ?? []);

    /// <summary>Reads what <see cref="Save"/> kept; defaults when there is nothing.</summary>
    public static RuntimeOptions Load(string bundle, string? ns)
    {
        var file = Path.Combine(bundle, FileName);
        return From(File.Exists(file) ? Options.Parser.ParseFrom(SmallFile.Read(file)) : new Options(), ns);
    }

    private static RuntimeOptions From(Options options, string? ns)
    {
        var root = options.Root.Length > 0 ? options.Root : ns is null ? null : ContainerdRoot;
        return new RuntimeOptions(
            Find(options.BinaryName.Length > 0 ? options.BinaryName : DefaultBinary),
            root is null || ns is null ? root : Path.Combine(root, ns),
            options.SystemdCgroup,
            options.NoPivotRoot,
            options.NoNewKeyring)
        {
            IoOwner = (options.IoUid, options.IoGid),
        };
    }

    private static string Find(string name)
    {
        if (name.Contains('/'))
        {
            return name;
        }

        var directories = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : DefaultPath;
        return directories.Split(':').Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists)
            ?? throw new TtrpcException(TtrpcStatusCode.Unknown, $"OCI runtime {name} is not in PATH ({directories})");
    }
}
