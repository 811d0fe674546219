using System.Globalization;
using Cri.Api.V1;

namespace Cri.ImageService;

/// <summary>An image record as the CRI's message.</summary>
internal static class ImageMessage
{
    internal static Image From(ImageRecord record)
    {
        var message = new Image { Id = record.Id, Size = (ulong)record.Size, Pinned = record.Pinned };
        message.RepoTags.AddRange(record.RepoTags);
        message.RepoDigests.AddRange(record.RepoDigests);
        SetUser(message, record.Config.User);
        return message;
    }

    // "1000:1000" and "nginx:nginx" name a group too; the CRI asks for the user only, as a number or by name.
    private static void SetUser(Image message, string? user)
    {
        var name = user?.Split(':')[0] ?? "";
        if (long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var uid))
        {
            message.Uid = new Int64Value { Value = uid };
        }
        else
        {
            message.Username = name;
        }
    }
}
