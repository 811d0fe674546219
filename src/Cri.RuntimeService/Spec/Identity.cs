using System.Globalization;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>Who a container's first process runs as.</summary>
/// <param name="Uid">The user id.</param>
/// <param name="Gid">The group id.</param>
/// <param name="Groups">Supplementary groups; the primary one is not repeated.</param>
public sealed record Identity(uint Uid, uint Gid, IReadOnlyList<uint> Groups)
{
    /// <summary>
    /// Resolves the identity: the request's user, else the image's; the group of the request, else the user's own, else 0;
    /// the groups that the image's /etc/group gives the user (policy Merge) and those of the request.
    /// Throws INVALID_ARGUMENT for a group without a user and FAILED_PRECONDITION for a user the image does not know.
    /// </summary>
    /// <param name="context">The container's security context.</param>
    /// <param name="imageUser">The image's <c>User</c>: <c>user[:group]</c>, names or numbers.</param>
    /// <param name="files">The image's files.</param>
    public static Identity Resolve(V1.LinuxContainerSecurityContext context, string? imageUser, ImageFiles files)
    {
        var hasUser = context.RunAsUser is not null || context.RunAsUsername.Length > 0;
        if (context.RunAsGroup is not null && !hasUser)
        {
            throw CriError.Invalid("run_as_group is set without run_as_user or run_as_username");
        }

        if (context.SupplementalGroupsPolicy is not (V1.SupplementalGroupsPolicy.Merge or V1.SupplementalGroupsPolicy.Strict))
        {
            throw CriError.Invalid($"supplemental_groups_policy {(int)context.SupplementalGroupsPolicy}: not known, only Merge and Strict");
        }

        var (user, group) = hasUser ? (UserText(context), "") : Split(imageUser ?? "");
        var accounts = new Accounts(files);
        var account = accounts.User(user);
        var gid = context.RunAsGroup is { } asked ? Id(asked.Value, "run_as_group")
            : group.Length > 0 ? accounts.Group(group)
            : account.Gid;
        return new Identity(account.Uid, gid, Supplementary(context, accounts, account, gid));
    }

    private static uint[] Supplementary(V1.LinuxContainerSecurityContext context, Accounts accounts, Account account, uint gid)
    {
        var groups = new List<uint>();
        if (context.SupplementalGroupsPolicy != V1.SupplementalGroupsPolicy.Strict && account.Name is { } name)
        {
            groups.AddRange(accounts.GroupsOf(name));
        }

        groups.AddRange(context.SupplementalGroups.Select(id => Id(id, "supplemental_groups")));
        return [.. groups.Distinct().Where(id => id != gid).Order()];
    }

    private static string UserText(V1.LinuxContainerSecurityContext context) => context.RunAsUser is { } id
        ? Id(id.Value, "run_as_user").ToString(CultureInfo.InvariantCulture)
        : context.RunAsUsername;

    private static (string User, string Group) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
    }

    private static uint Id(long value, string field) => value is >= 0 and < uint.MaxValue
        ? (uint)value
        : throw CriError.Invalid($"{field} {value}: must be between 0 and {uint.MaxValue - 1}");
}
