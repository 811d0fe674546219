using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.CrispApi;

namespace Cri.Shim.Pods;

/// <summary>The namespaces that the containers of a pod share, kept alive by bind mounts below <c>ns</c> in the pod's directory.</summary>
internal sealed class PodNamespaces(string podDirectory)
{
    private const string User = "user";
    private static readonly string[] _known = ["net", "ipc", "uts"];

    private string Pins => Path.Combine(podDirectory, "ns");

    /// <summary>
    /// Makes the namespaces on a thread of their own, brings loopback up, sets the hostname and the kernel parameters, and
    /// pins them. Those of a pod with a user namespace belong to it, so that the pod's root has its powers over them.
    /// A failure undoes everything.
    /// </summary>
    public async Task CreateAsync(SandboxOptions options)
    {
        var kinds = NamespaceKinds.None;
        foreach (var name in options.Namespaces)
        {
            kinds |= Namespaces.Parse(name)
                ?? throw new TtrpcException(
                    TtrpcStatusCode.InvalidArgument, $"namespace \"{name}\": only {string.Join(", ", _known)} can be made");
        }

        try
        {
            await OwnThread.RunAsync(() => Create(kinds, options, IdsOf(options)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await RemoveAsync();
            throw new TtrpcException(TtrpcStatusCode.Unknown, $"namespaces of pod {podDirectory}: {e.Message}", e);
        }
    }

    /// <summary>Gives the namespaces up; containers that are still in them keep them.</summary>
    public Task RemoveAsync() => OwnThread.RunAsync(() =>
    {
        if (Directory.Exists(Pins))
        {
            foreach (var name in _known.Append(User))
            {
                Namespaces.Unpin(Path.Combine(Pins, name));
            }

            Directory.Delete(Pins);
        }
    });

    private void Create(NamespaceKinds kinds, SandboxOptions options, IdMap? ids)
    {
        Directory.CreateDirectory(Pins);
        if (ids is not null)
        {
            using var holder = NamespaceHolder.Start(ids, kinds);
            Namespaces.Join(options.Namespaces, holder.PathOf);
            Namespaces.PinFile(holder.PathOf(User), Path.Combine(Pins, User));
        }
        else if (kinds != NamespaceKinds.None)
        {
            Namespaces.Unshare(kinds);
        }

        Configure(kinds, options, ids);
        foreach (var name in options.Namespaces.Distinct())
        {
            Namespaces.Pin(name, Path.Combine(Pins, name));
        }
    }

    private static void Configure(NamespaceKinds kinds, SandboxOptions options, IdMap? ids)
    {
        if (kinds.HasFlag(NamespaceKinds.Net))
        {
            NetworkInterface.BringUp("lo");
        }

        if (kinds.HasFlag(NamespaceKinds.Uts) && options.Hostname.Length > 0)
        {
            Namespaces.SetHostname(options.Hostname);
        }

        foreach (var (name, value) in options.Sysctls)
        {
            Sysctl.Write(name, value, ids);
        }
    }

    private static IdMap? IdsOf(SandboxOptions options) => options is { Users: { } users, Groups: { } groups }
        ? new IdMap(Range(users), Range(groups))
        : null;

    private static Linux.IdMapping Range(Ttrpc.CrispApi.IdMapping range) => new(range.ContainerId, range.HostId, range.Length);
}
