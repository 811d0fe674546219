using System.CommandLine;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image</c>: everything that can be done with images.</summary>
internal static class ImageCommand
{
    public static Command Create(GlobalOptions options) => new("image", "Move, name, examine and clean up images.")
    {
        ImagesCommand.Create(options, "ls"),
        PullCommand.Create(options),
        PullsCommand.Create(options),
        ImportCommand.Create(options),
        ExportCommand.Create(options),
        TagCommand.Create(options),
        UntagCommand.Create(options),
        InspectImageCommand.Create(options),
        HistoryCommand.Create(options),
        VerifyCommand.Create(options),
        PruneCommand.Create(options),
        RmiCommand.Create(options, "rm"),
    };
}
