namespace Cri.RuntimeService.Cni;

/// <summary>The names that go into environment variables and file names, checked before they do.</summary>
internal static class CniNames
{
    // IFNAMSIZ with its end: netdevice(7).
    private const int LongestInterface = 15;

    /// <summary>Checks a network's name.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static void CheckNetwork(string name)
    {
        if (!IsIdentifier(name))
        {
            throw new FormatException(
                $"the name \"{name}\" is not made of letters, digits, '_', '.' and '-', starting with a letter or digit");
        }
    }

    /// <summary>Checks what of a request the plugins get.</summary>
    /// <exception cref="CniException">Something cannot be passed on.</exception>
    internal static void Check(PodNetwork pod)
    {
        Require(IsIdentifier(pod.SandboxId), "sandbox id", pod.SandboxId);
        Require(IsInterface(pod.InterfaceName), "interface name", pod.InterfaceName);
        Require(IsArgument(pod.Namespace), "pod namespace", pod.Namespace);
        Require(IsArgument(pod.Name), "pod name", pod.Name);
        Require(IsArgument(pod.Uid), "pod uid", pod.Uid);
    }

    private static void Require(bool valid, string what, string value)
    {
        if (!valid)
        {
            throw new CniException(
                CniFailure.InvalidRequest, $"the {what} \"{PluginText.Excerpt(value)}\" cannot be passed to a CNI plugin");
        }
    }

    private static bool IsIdentifier(string name) =>
        name.Length > 0 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static bool IsInterface(string name) =>
        name.Length is > 0 and <= LongestInterface && name is not ("." or "..")
        && name.All(c => c is > ' ' and < '\x7f' and not ('/' or ':'));

    // CNI_ARGS is KEY=value pairs with ';' between them, and knows no quoting.
    private static bool IsArgument(string value) => !value.AsSpan().ContainsAny(";\0\n");
}
