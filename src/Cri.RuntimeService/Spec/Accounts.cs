using System.Globalization;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>A user of an image.</summary>
/// <param name="Name">The login name; null for a number that /etc/passwd does not list.</param>
/// <param name="Uid">The user id.</param>
/// <param name="Gid">The user's own group.</param>
/// <param name="Home">The home directory, <c>/</c> when unknown.</param>
public sealed record Account(string? Name, uint Uid, uint Gid, string Home);

/// <summary>The accounts in an image's /etc/passwd and /etc/group (passwd(5), group(5)); malformed lines are passed over.</summary>
/// <param name="files">The image's files.</param>
public sealed class Accounts(ImageFiles files)
{
    private readonly Lazy<List<string[]>> _users = new(() => Lines(files, "/etc/passwd", 6));
    private readonly Lazy<List<string[]>> _groups = new(() => Lines(files, "/etc/group", 3));

    /// <summary>
    /// The account of a name or number; empty is root. A number need not be listed; an unlisted name is FAILED_PRECONDITION.
    /// </summary>
    public Account User(string nameOrId)
    {
        var wanted = nameOrId.Length == 0 ? "0" : nameOrId;
        var isNumber = uint.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var id);
        foreach (var line in _users.Value)
        {
            if (uint.TryParse(line[2], out var uid) && uint.TryParse(line[3], out var gid) && (isNumber ? uid == id : line[0] == wanted))
            {
                return new Account(line[0], uid, gid, line[5].Length > 0 ? line[5] : "/");
            }
        }

        return isNumber
            ? new Account(null, id, 0, "/")
            : throw CriError.Precondition($"user \"{wanted}\": the image's /etc/passwd has no such user");
    }

    /// <summary>The id of a group name or number. An unlisted name is FAILED_PRECONDITION.</summary>
    public uint Group(string nameOrId)
    {
        if (uint.TryParse(nameOrId, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return id;
        }

        foreach (var line in _groups.Value)
        {
            if (line[0] == nameOrId && uint.TryParse(line[2], out var gid))
            {
                return gid;
            }
        }

        throw CriError.Precondition($"group \"{nameOrId}\": the image's /etc/group has no such group");
    }

    /// <summary>The groups that list this user as a member.</summary>
    public IEnumerable<uint> GroupsOf(string user)
    {
        foreach (var line in _groups.Value)
        {
            if (line.Length > 3 && line[3].Split(',').Contains(user) && uint.TryParse(line[2], out var gid))
            {
                yield return gid;
            }
        }
    }

    private static List<string[]> Lines(ImageFiles files, string path, int fields) =>
        [.. (files.ReadText(path) ?? "").Split('\n').Select(line => line.TrimEnd('\r').Split(':')).Where(line => line.Length >= fields)];
}
