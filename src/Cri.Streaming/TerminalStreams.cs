using System.Threading.Channels;

namespace Cri.Streaming;

/// <summary>
/// A client's side of an exec or attach, whatever the wire. A stream is null when the client did not ask for it. A read of
/// 0 bytes from <see cref="Stdin"/> means that the client has closed it. A write waits while the client does not read;
/// it throws <see cref="IOException"/> once the client is gone.
/// </summary>
/// <param name="Stdin">What the client types; null when not asked for.</param>
/// <param name="Stdout">What the client is to see; null when not asked for.</param>
/// <param name="Stderr">What the client is to see apart from it; null when not asked for, and always with a terminal.</param>
/// <param name="Resizes">The sizes of the client's terminal, the first at once; completed when no more can come.</param>
public sealed record TerminalStreams(Stream? Stdin, Stream? Stdout, Stream? Stderr, ChannelReader<TerminalSize> Resizes);
