using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp imagefs</c>: how much room images and containers take.</summary>
internal static class ImageFsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("imagefs", "Show the file systems of images and containers.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        var info = await CommandFailure.ExplainAsync("imagefs", session.Images.ImageFsInfoAsync(new ImageFsInfoRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(info);
            return 0;
        }

        var table = new TextTable("HOLDS", "MOUNT POINT", "USED", "INODES");
        info.ImageFilesystems.ToList().ForEach(usage => Add(table, "images", usage));
        info.ContainerFilesystems.ToList().ForEach(usage => Add(table, "containers", usage));
        session.Terminal.Write(table.ToString());
        return 0;
    }

    private static void Add(TextTable table, string holds, FilesystemUsage usage) => table.Add(
        holds, usage.FsId?.Mountpoint ?? "", ByteSize.Of(usage.UsedBytes?.Value ?? 0), $"{usage.InodesUsed?.Value ?? 0}");
}
