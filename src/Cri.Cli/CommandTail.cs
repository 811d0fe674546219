using System.CommandLine;

namespace Cri.Cli;

/// <summary>
/// What follows the image of <c>run</c> or the container of <c>exec</c> belongs to the command in the container, dashes and
/// all: a "--" put there makes the parser leave it alone.
/// </summary>
internal static class CommandTail
{
    /// <summary>The arguments with a "--" where a tail begins.</summary>
    public static string[] Separate(RootCommand root, string[] args)
    {
        Command command = root;
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--")
            {
                return args;
            }

            if (args[i].StartsWith('-') && args[i].Length > 1)
            {
                i += TakesNextArgument(root, command, args[i]) ? 1 : 0;
            }
            else if (command == root)
            {
                command = root.Subcommands.FirstOrDefault(subcommand => subcommand.Name == args[i]) ?? root;
                if (command.Name is not ("run" or "exec"))
                {
                    return args;
                }
            }
            else
            {
                return [.. args[..(i + 1)], "--", .. args[(i + 1)..]];
            }
        }

        return args;
    }

    private static bool TakesNextArgument(RootCommand root, Command command, string argument)
    {
        if (argument.Contains('='))
        {
            return false;
        }

        var option = command.Options.Concat(root.Options).FirstOrDefault(option => option.Name == argument || option.Aliases.Contains(argument));
        return option is not null && option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;
    }
}
