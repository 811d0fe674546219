namespace Cri.RuntimeService;

/// <summary>Where the runtime service says what an operator should know; each text names its object.</summary>
/// <param name="Info">Something happened as it should.</param>
/// <param name="Warn">Something went wrong and was dealt with.</param>
public sealed record Journal(Action<string> Info, Action<string> Warn);
