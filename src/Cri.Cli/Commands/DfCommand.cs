using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp df</c>: what takes how much room, and what could go.</summary>
internal static class DfCommand
{
    public static Command Create(GlobalOptions options)
    {
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Each image too." };
        var command = new Command("df", "Show what images and containers take on disk.") { verbose };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(verbose)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, bool verbose)
    {
        var usage = await CommandFailure.ExplainAsync("df", session.CrispImages.DiskUsageAsync(new DiskUsageRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(usage);
            return 0;
        }

        session.Terminal.Write(Kinds(usage).ToString());
        if (verbose)
        {
            session.Terminal.Write($"\n{Images(usage)}");
        }

        if (usage.FileSystem is { } disk)
        {
            session.Terminal.WriteLine($"\n{disk.Path}: {ByteSize.Of(disk.BytesFree)} of {ByteSize.Of(disk.Bytes)} free, {disk.InodesFree} of {disk.Inodes} inodes");
        }

        return 0;
    }

    private static TextTable Kinds(DiskUsageResponse usage)
    {
        var table = new TextTable("KIND", "COUNT", "IN USE", "SIZE", "INODES", "RECLAIMABLE");
        usage.Kinds.ToList().ForEach(kind => table.Add(
            kind.Kind, $"{kind.Count}", $"{kind.Active}", ByteSize.Of(kind.Bytes), $"{kind.Inodes}", ByteSize.Of(kind.Reclaimable)));
        return table;
    }

    private static TextTable Images(DiskUsageResponse usage)
    {
        var table = new TextTable("IMAGE ID", "SIZE", "UNIQUE", "CONTAINERS", "STATE", "NAMES");
        usage.Images.OrderByDescending(image => image.UniqueBytes).ToList().ForEach(image => table.Add(
            ShortId.Of(image.ImageId), ByteSize.Of(image.Bytes), ByteSize.Of(image.UniqueBytes), $"{image.Containers}",
            image.Damaged ? "damaged" : image.Pinned ? "pinned" : "", string.Join(", ", image.Names)));
        return table;
    }
}
