using Cri.Linux;

namespace Cri.Shim.Pods;

/// <summary>Kernel parameters (sysctl(8)), written in the namespaces of the calling thread.</summary>
internal static class Sysctl
{
    /// <summary>Sets a parameter. Throws an IOException that names it.</summary>
    /// <param name="name">With dots, or with slashes where a part has a dot in it.</param>
    /// <param name="value">The value.</param>
    public static void Write(string name, string value)
    {
        var path = "/proc/sys/" + (name.Contains('/') ? name : name.Replace('.', '/'));
        if (path.Split('/').Contains(".."))
        {
            throw new IOException($"sysctl {name}: no such parameter");
        }

        try
        {
            SmallFile.Set(path, value);
        }
        catch (LinuxException e)
        {
            throw new IOException($"sysctl {name}={value}: {e.Message}", e);
        }
    }
}
