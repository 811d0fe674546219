using Cri.Shim.Containerd;
using Cri.Shim.Io;

namespace Cri.Shim.Tasks;

/// <summary>What all containers of the shim share.</summary>
/// <param name="Io">Loop, disk and children.</param>
/// <param name="Events">Where events go.</param>
/// <param name="Oom">Notices OOM kills.</param>
/// <param name="Log">Takes a line for the shim's own log.</param>
/// <param name="RuntimeLimit">How long a command of the OCI runtime may take.</param>
internal sealed record TaskEnvironment(IoServices Io, EventPublisher Events, OomWatch Oom, Action<string> Log, TimeSpan RuntimeLimit);
