using Cri.Shim.Loop;
using Cri.Shim.Processes;

namespace Cri.Shim.Io;

/// <summary>What the standard streams of every process share.</summary>
/// <param name="Loop">Readiness and time.</param>
/// <param name="Disk">Writes to files.</param>
/// <param name="Buffers">Lends memory.</param>
/// <param name="Children">Waits for logging programs.</param>
/// <param name="Namespace">containerd's namespace; null without containerd.</param>
internal sealed record IoServices(EventLoop Loop, DiskThread Disk, BufferPool Buffers, Children Children, string? Namespace);
