using Cri.Linux;
using Microsoft.Win32.SafeHandles;

namespace Cri.Cli;

/// <summary>Where a command writes, and what it may read.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Errors and progress.</param>
/// <param name="IsInteractive">True when Error is a terminal, where a progress line may be redrawn.</param>
internal sealed record Terminal(Stream Out, Stream Error, bool IsInteractive)
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int UsualColumns = 80;
    private const int UsualRows = 24;

    /// <summary>Opens what the user types or pipes in.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    /// <summary>The descriptor of the terminal that the user types at; null when input is something else.</summary>
    public int? Keyboard { get; init; }

    /// <summary>True when results go to a terminal, which bytes of an archive would only upset.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>The descriptor of the terminal whose size counts; null when there is none.</summary>
    public int? Screen { get; init; }

    /// <summary>The size of the terminal, characters; that of the usual one when it does not say.</summary>
    public (int Columns, int Rows) Size =>
        Screen is { } screen && RawTerminal.SizeOf(screen) is { } size ? (size.Columns, size.Rows) : (UsualColumns, UsualRows);

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess()
    {
        int? keyboard = RawTerminal.IsTerminal(StandardInput) ? StandardInput : null;
        return new(Console.OpenStandardOutput(), Console.OpenStandardError(), !Console.IsErrorRedirected)
        {
            // Console's own stream would edit lines.
            OpenInput = () => new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0),
            Keyboard = keyboard,
            Screen = keyboard ?? (RawTerminal.IsTerminal(StandardOutput) ? StandardOutput : RawTerminal.IsTerminal(StandardError) ? StandardError : null),
            IsOutputTerminal = RawTerminal.IsTerminal(StandardOutput),
        };
    }

    /// <summary>Writes text to the results.</summary>
    public void Write(string text) => Write(Out, text);

    /// <summary>Writes a line to the results.</summary>
    public void WriteLine(string text) => Write(Out, text + "\n");

    /// <summary>Writes text to the errors.</summary>
    public void WriteError(string text) => Write(Error, text);

    private static void Write(Stream stream, string text)
    {
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        stream.Flush();
    }
}
