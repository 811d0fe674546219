using System.Text;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Host;

/// <summary>
/// The AppArmor profiles that the kernel holds (apparmor(7), /sys/kernel/security/apparmor/profiles). The default profile is
/// generated and loaded when a container first needs it; the kernel takes compiled policy only, so <c>apparmor_parser</c> does that.
/// </summary>
/// <param name="loadedProfiles">The kernel's list of profiles, one <c>name (mode)</c> a line.</param>
/// <param name="scratch">Where the profile's text is written for the parser.</param>
public sealed class AppArmorProfiles(string loadedProfiles, string scratch)
{
    /// <summary>Where securityfs shows the list.</summary>
    public const string KernelList = "/sys/kernel/security/apparmor/profiles";

    private const string Switch = "/sys/module/apparmor/parameters/enabled";
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);
    private static readonly string[] _parsers = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "/usr/bin/apparmor_parser"];
    private readonly OperationGate _gate = new("the AppArmor profiles");

    /// <summary>
    /// True when containers can be confined: the kernel has AppArmor enabled, shows its list, and policy can be compiled. Many
    /// hosts have the one without the others, and inside a container, as of kind, the host's policy is not ours to change.
    /// </summary>
    public static bool IsUsable() =>
        File.Exists(Switch) && File.ReadAllText(Switch).StartsWith('Y')
        && File.Exists(KernelList)
        && _parsers.Any(File.Exists)
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("container"));

    /// <summary>
    /// Sees to it that the profile is loaded: the default one is loaded now if need be, any other must have been. Throws
    /// FAILED_PRECONDITION that names it.
    /// </summary>
    public async Task RequireAsync(string profile, CancellationToken cancellationToken)
    {
        if (IsLoaded(profile))
        {
            return;
        }

        if (profile != ContainerAppArmor.DefaultProfile)
        {
            throw CriError.Precondition($"AppArmor profile \"{profile}\": not loaded on this host");
        }

        using var turn = await _gate.EnterAsync("loading", cancellationToken);
        if (!IsLoaded(profile))
        {
            await LoadAsync(profile, cancellationToken);
        }
    }

    /// <summary>True when the kernel has a profile of this name.</summary>
    public bool IsLoaded(string profile)
    {
        try
        {
            return File.ReadLines(loadedProfiles).Any(line => line.StartsWith(profile + " (", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CriError.Precondition($"AppArmor profile \"{profile}\": the kernel's list cannot be read: {error.Message}");
        }
    }

    private async Task LoadAsync(string profile, CancellationToken cancellationToken)
    {
        var parser = _parsers.FirstOrDefault(File.Exists)
            ?? throw CriError.Precondition($"AppArmor profile \"{profile}\": apparmor_parser is not installed, which compiles it");
        var file = Path.Combine(scratch, profile + ".apparmor");
        await File.WriteAllTextAsync(file, AppArmorDefault.Text(profile, File.Exists), cancellationToken);
        var result = await Command.RunAsync(
            new CommandOptions { Path = parser, Arguments = [parser, "-Kr", file], Timeout = _bound }, cancellationToken);
        File.Delete(file);
        if (result.Exit.Code != 0)
        {
            var words = Encoding.UTF8.GetString(result.ErrorOutput.Span).Trim();
            throw CriError.Precondition($"AppArmor profile \"{profile}\": apparmor_parser: exit code {result.Exit.Code}: {words}");
        }
    }
}
