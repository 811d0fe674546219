namespace Cri.Linux;

/// <summary>A program to run to its end, and the bounds on what it may do.</summary>
public sealed record CommandOptions
{
    /// <summary>The absolute path of the program.</summary>
    public required string Path { get; init; }

    /// <summary>The arguments, starting with argv[0].</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment as NAME=value; null is <see cref="ChildEnvironment"/>.</summary>
    public IReadOnlyList<string>? Environment { get; init; }

    /// <summary>The working directory; null keeps ours.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>What it reads on its standard input.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>The bytes it may print; at one more it is killed.</summary>
    public int MaxOutput { get; init; } = 1024 * 1024;

    /// <summary>The bytes that are kept of its standard error; more is read and thrown away.</summary>
    public int MaxErrorOutput { get; init; } = 16 * 1024;

    /// <summary>A descriptor that the program inherits as number 3, and its children with it; null for none.</summary>
    public System.Runtime.InteropServices.SafeHandle? Held { get; init; }

    /// <summary>How long it may run until it is killed.</summary>
    public required TimeSpan Timeout { get; init; }
}

/// <summary>Why a command is over.</summary>
public enum CommandEnd
{
    /// <summary>It ended by itself.</summary>
    Exited,

    /// <summary>Its time was over and it was killed.</summary>
    TimedOut,

    /// <summary>The caller gave up and it was killed.</summary>
    Cancelled,

    /// <summary>It printed more than it may and was killed.</summary>
    OutputTooLong,
}

/// <summary>How a command went.</summary>
/// <param name="End">Why it is over.</param>
/// <param name="Exit">Its exit status, that of SIGKILL when it was killed.</param>
/// <param name="Output">What it printed, at most <see cref="CommandOptions.MaxOutput"/> bytes.</param>
/// <param name="ErrorOutput">The beginning of its standard error.</param>
public sealed record CommandResult(CommandEnd End, ChildExit Exit, ReadOnlyMemory<byte> Output, ReadOnlyMemory<byte> ErrorOutput);

/// <summary>Runs programs to their end with bounded time and output.</summary>
public static class Command
{
    // What a command's thread needs is a few KiB of stack.
    private const int StackSize = 256 * 1024;

    /// <summary>
    /// Runs a command in a session of its own, and kills its whole process group at the deadline, on cancellation and on too much output;
    /// those are results, not exceptions. It is over when the program itself has ended, even if a child of it holds its output open.
    /// </summary>
    /// <remarks>
    /// Each command has a thread for its few milliseconds: a pipe cannot be awaited, and a blocking read would hold a thread of the pool
    /// for as long as a stuck program pleases.
    /// </remarks>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public static Task<CommandResult> RunAsync(CommandOptions options, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<CommandResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(options, completion, cancellationToken), StackSize) { IsBackground = true, Name = "command" }.Start();
        return completion.Task;
    }

    private static void Run(CommandOptions options, TaskCompletionSource<CommandResult> completion, CancellationToken cancellationToken)
    {
        try
        {
            using var run = new CommandRun(options);
            using (cancellationToken.Register(run.Cancel))
            {
                completion.SetResult(run.Await());
            }

            run.Reap();
        }
        catch (Exception e)
        {
            completion.TrySetException(e);
        }
    }
}
