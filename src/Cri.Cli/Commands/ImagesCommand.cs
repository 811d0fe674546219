using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp images</c>: the images on the node.</summary>
internal static class ImagesCommand
{
    public static Command Create(GlobalOptions options, string name = "images")
    {
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Only ids." };
        var command = new Command(name, "List images.") { quiet };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, bool quiet)
    {
        var list = await CommandFailure.ExplainAsync("list images", session.Images.ListImagesAsync(new ListImagesRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(list);
        }
        else if (quiet)
        {
            list.Images.ToList().ForEach(image => session.Terminal.WriteLine(image.Id));
        }
        else
        {
            session.Terminal.Write(Table(list.Images).ToString());
        }

        return 0;
    }

    private static TextTable Table(IEnumerable<Image> images)
    {
        var rows =
            from image in images
            from name in Names(image)
            orderby name.Repository, name.Tag
            select new[] { name.Repository, name.Tag, ShortId.Of(image.Id), ByteSize.Of(image.Size) };
        var table = new TextTable("IMAGE", "TAG", "IMAGE ID", "SIZE");
        rows.ToList().ForEach(table.Add);
        return table;
    }

    private static IEnumerable<(string Repository, string Tag)> Names(Image image) =>
        image.RepoTags.Count > 0 ? image.RepoTags.Select(SplitTag)
        : image.RepoDigests.Count > 0 ? image.RepoDigests.Select(digest => (digest[..digest.IndexOf('@')], ""))
        : [("", "")];

    private static (string Repository, string Tag) SplitTag(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? (name[..colon], name[(colon + 1)..]) : (name, "");
    }
}
