namespace Cri.Shim.Io;

/// <summary>Where the standard streams of a process go, as the caller named them.</summary>
/// <param name="Stdin">Empty or a fifo.</param>
/// <param name="Stdout">Empty, a fifo or a URI; see <see cref="OutputTarget"/>.</param>
/// <param name="Stderr">As stdout; unused with a terminal.</param>
/// <param name="Terminal">All three are one pseudo-terminal.</param>
internal sealed record Stdio(string Stdin, string Stdout, string Stderr, bool Terminal)
{
    /// <summary>
    /// The user and group that the pipes are given to, so that a process may open its streams again by name; root unless said.
    /// </summary>
    public (uint User, uint Group) Owner { get; init; }
}
