using System.Diagnostics.CodeAnalysis;

namespace Cri.Oci.Images;

/// <summary>Chooses from an index the manifest that suits a platform best.</summary>
public static class PlatformSelector
{
    private const int Unsuitable = -1;

    /// <summary>
    /// The manifest whose processor variant is the highest that still runs on <paramref name="wanted"/>; of equals, the
    /// first. False when none runs there. An entry without a platform is a candidate only when nothing better is.
    /// </summary>
    public static bool TrySelect(ImageIndex index, Platform wanted, [NotNullWhen(true)] out Descriptor? chosen)
    {
        chosen = null;
        var best = Unsuitable;
        foreach (var manifest in index.Manifests)
        {
            var rank = Rank(manifest, wanted);
            if (rank > best)
            {
                (best, chosen) = (rank, manifest);
            }
        }

        return chosen is not null;
    }

    private static int Rank(Descriptor manifest, Platform wanted)
    {
        if (manifest.MediaType is { } type && !MediaTypes.IsManifest(type) && !MediaTypes.IsIndex(type))
        {
            return Unsuitable;
        }

        if (manifest.Platform is not { } offered)
        {
            return manifest.ArtifactType is null ? 0 : Unsuitable;
        }

        if (!offered.Os.Equals(wanted.Os, StringComparison.OrdinalIgnoreCase)
            || NormalArchitecture(offered.Architecture) != NormalArchitecture(wanted.Architecture))
        {
            return Unsuitable;
        }

        var (level, limit) = (Level(offered), Level(wanted));
        return level <= limit ? 1 + level : Unsuitable;
    }

    private static string NormalArchitecture(string name) => name.ToLowerInvariant() switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" or "armel" => "arm",
        var other => other,
    };

    // No variant means the level that every machine of that kind has: v1 for amd64, v8 for arm64, v7 for arm.
    private static int Level(Platform platform)
    {
        var fallback = NormalArchitecture(platform.Architecture) switch { "arm64" => 8, "arm" => 7, _ => 1 };
        return platform.Variant is { Length: > 1 } variant && int.TryParse(variant.AsSpan(1), out var level) ? level : fallback;
    }
}
