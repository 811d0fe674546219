namespace Cri.RuntimeService.Stats;

/// <summary>Numbers as the CRI wraps them, so that an unknown one can be told from 0.</summary>
internal static class Amount
{
    internal static V1.UInt64Value? Of(ulong? value) => value is { } known ? new V1.UInt64Value { Value = known } : null;
}
