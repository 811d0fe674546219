namespace Cri.Streaming;

/// <summary>The size of a client's terminal, in characters.</summary>
public readonly record struct TerminalSize(ushort Width, ushort Height);
