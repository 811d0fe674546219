namespace Cri.RuntimeService.Cdi;

/// <summary>The qualified names of devices, <c>vendor/class=device</c> (CDI SPEC.md, Device Naming).</summary>
public static class CdiName
{
    /// <summary>True when the text is a qualified name.</summary>
    public static bool IsQualified(string text) =>
        text.Split('=', 2) is [var kind, var device] && IsKind(kind) && IsDevice(device);

    /// <summary>True for <c>vendor/class</c>: letters, digits, <c>_ - .</c>, beginning with a letter and ending with a letter or digit.</summary>
    public static bool IsKind(string text) =>
        text.Split('/', 2) is [var vendor, var kind] && IsPart(vendor, "_-.") && IsPart(kind, "_-.")
        && char.IsAsciiLetter(vendor[0]) && char.IsAsciiLetter(kind[0]);

    /// <summary>True for the name of a device: letters, digits, <c>_ - . :</c>, beginning and ending with a letter or digit.</summary>
    public static bool IsDevice(string text) => IsPart(text, "_-.:");

    private static bool IsPart(string text, string inner) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || inner.Contains(letter));
}
