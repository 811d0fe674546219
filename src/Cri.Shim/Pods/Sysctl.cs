using Cri.Linux;

namespace Cri.Shim.Pods;

/// <summary>Kernel parameters (sysctl(8)), written in the namespaces of the calling thread.</summary>
internal static class Sysctl
{
    /// <summary>Sets a parameter. Throws an IOException that names it.</summary>
    /// <param name="name">With dots, or with slashes where a part has a dot in it.</param>
    /// <param name="value">The value.</param>
    /// <param name="ids">The user namespace that owns the namespaces; null for the host's.</param>
    public static void Write(string name, string value, IdMap? ids = null)
    {
        var path = "/proc/sys/" + (name.Contains('/') ? name : name.Replace('.', '/'));
        if (path.Split('/').Contains(".."))
        {
            throw new IOException($"sysctl {name}: no such parameter");
        }

        try
        {
            Set(path, value, ids);
        }
        catch (LinuxException e)
        {
            throw new IOException($"sysctl {name}={value}: {e.Message}", e);
        }
    }

    // The parameters of an IPC namespace can be written by the root of the user namespace that owns it, and by nobody else.
    private static void Set(string path, string value, IdMap? ids)
    {
        try
        {
            SmallFile.Set(path, value);
        }
        catch (LinuxException refused) when (refused.Error is Errno.EACCES or Errno.EPERM && ids is not null)
        {
            ThreadIdentity.RunAs(ids.Users.ToHost(0) ?? 0, ids.Groups.ToHost(0) ?? 0, () => SmallFile.Set(path, value));
        }
    }
}
