namespace Cri.Bench.Measuring;

/// <summary>Something that is measured, the same for every endpoint.</summary>
/// <param name="Scenario">The scenario that measures it.</param>
/// <param name="Name">What it is, such as <c>RunPodSandbox</c>.</param>
/// <param name="Unit">Its unit, such as <c>ms</c>.</param>
/// <param name="MoreIsBetter">True for a throughput.</param>
public sealed record Figure(string Scenario, string Name, string Unit, bool MoreIsBetter = false);
