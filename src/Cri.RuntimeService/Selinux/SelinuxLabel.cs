using System.Text.Json.Serialization;

namespace Cri.RuntimeService.Selinux;

/// <summary>A security context, <c>user:role:type:level</c>; the level may hold colons itself (selinux(8)).</summary>
/// <param name="User">The SELinux user.</param>
/// <param name="Role">The role.</param>
/// <param name="Type">The type: a domain for a process.</param>
/// <param name="Level">Sensitivity and categories, <c>s0:c1,c2</c>.</param>
public sealed record SelinuxLabel(string User, string Role, string Type, string Level)
{
    /// <summary>Takes a label apart; null when it has fewer than four parts.</summary>
    public static SelinuxLabel? Parse(string text) =>
        text.Split(':', 4) is [{ Length: > 0 } user, { Length: > 0 } role, { Length: > 0 } type, { Length: > 0 } level]
            ? new SelinuxLabel(user, role, type, level)
            : null;

    /// <inheritdoc/>
    public override string ToString() => $"{User}:{Role}:{Type}:{Level}";

    /// <summary>The label of a process that asks for some parts: an empty one leaves the part alone.</summary>
    public SelinuxLabel ForProcess(V1.SELinuxOption? options, string level) => options is null
        ? this with { Level = level }
        : new SelinuxLabel(Or(options.User, User), Or(options.Role, Role), Or(options.Type, Type), level);

    /// <summary>The label of the files of such a process: they have its user and level, but a role and a type of their own.</summary>
    public SelinuxLabel ForFiles(V1.SELinuxOption? options, string level) =>
        this with { User = Or(options?.User ?? "", User), Level = level };

    private static string Or(string wanted, string otherwise) => wanted.Length > 0 ? wanted : otherwise;
}

/// <summary>The labels of a container or of its pod; null where the host has no SELinux, and for an unconfined process.</summary>
/// <param name="Process">The label of its processes.</param>
/// <param name="Mount">The label of its files.</param>
public sealed record SelinuxLabels(string? Process, string? Mount)
{
    /// <summary>No labels.</summary>
    public static SelinuxLabels None { get; } = new(null, null);

    /// <summary>The level in the mount label; null without one.</summary>
    [JsonIgnore]
    public string? Level => Mount is null ? null : SelinuxLabel.Parse(Mount)?.Level;

    /// <summary>The mount option that labels a whole file system; empty without a label.</summary>
    [JsonIgnore]
    public IEnumerable<string> MountOptions => Mount is null ? [] : [$"context=\"{Mount}\""];
}
