using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>An operating system and processor, named as Go names them (<c>linux/arm64/v8</c>).</summary>
public sealed record Platform
{
    /// <summary>The processor: amd64, arm64, arm, ...; empty when nothing is said.</summary>
    // What JSON leaves out is set to null, whatever the initial value is.
    public string Architecture { get; init => field = value ?? ""; } = "";

    /// <summary>The operating system: linux; empty when nothing is said.</summary>
    public string Os { get; init => field = value ?? ""; } = "";

    /// <summary>The variant of the processor: v8 for arm64, v5 to v8 for arm, v1 to v4 for amd64.</summary>
    public string? Variant { get; init; }

    /// <summary>The version of the operating system; Windows images use it.</summary>
    [JsonPropertyName("os.version")]
    public string? OsVersion { get; init; }

    /// <summary>The platform of this machine.</summary>
    public static Platform Host { get; } = new()
    {
        Os = "linux",
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.X86 => "386",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.Arm or System.Runtime.InteropServices.Architecture.Armv6 => "arm",
            var other => other.ToString().ToLowerInvariant(),
        },
    };

    /// <summary>Parses <c>os/arch</c> or <c>os/arch/variant</c>.</summary>
    /// <exception cref="FormatException">It has another shape.</exception>
    public static Platform Parse(string text) => text.Split('/') switch
    {
        [{ Length: > 0 } os, { Length: > 0 } arch] => new Platform { Os = os, Architecture = arch },
        [{ Length: > 0 } os, { Length: > 0 } arch, { Length: > 0 } variant] => new Platform { Os = os, Architecture = arch, Variant = variant },
        _ => throw new FormatException($"platform \"{text}\": expected os/arch or os/arch/variant"),
    };

    /// <inheritdoc/>
    public override string ToString() => Variant is { Length: > 0 } ? $"{Os}/{Architecture}/{Variant}" : $"{Os}/{Architecture}";
}
