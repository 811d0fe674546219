namespace Cri.Cli;

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Errors and progress.</param>
/// <param name="IsInteractive">True when Error is a terminal, where a progress line may be redrawn.</param>
internal sealed record Terminal(Stream Out, Stream Error, bool IsInteractive)
{
    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess() =>
        new(Console.OpenStandardOutput(), Console.OpenStandardError(), !Console.IsErrorRedirected);

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
