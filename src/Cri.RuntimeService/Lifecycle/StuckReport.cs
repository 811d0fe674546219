using Cri.Linux;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>Why something could not be ended or removed.</summary>
/// <param name="Message">In words, with pids, wait channels and paths.</param>
/// <param name="Processes">The processes that do not end; none when something else is in the way.</param>
public sealed record StuckReport(string Message, IReadOnlyList<StuckProcess> Processes);
