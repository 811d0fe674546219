namespace Cri.RuntimeService.Execs;

/// <summary>Where the streams of an exec go, as the shim's task API takes it; empty for none.</summary>
/// <param name="Stdin">A named pipe.</param>
/// <param name="Stdout">A named pipe.</param>
/// <param name="Stderr">A named pipe; empty with a terminal.</param>
/// <param name="Terminal">True to give it a pseudo-terminal.</param>
internal sealed record ExecStdio(string Stdin, string Stdout, string Stderr, bool Terminal)
{
    /// <summary>The descriptors of the process that are pipes then; the others are /dev/null.</summary>
    public IReadOnlyList<int> Pipes
    {
        get
        {
            string[] streams = [Stdin, Stdout, Stderr];
            return [.. Enumerable.Range(0, streams.Length).Where(descriptor => !Terminal && streams[descriptor].Length > 0)];
        }
    }
}
