using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Events;

/// <summary>An event that waits for its readers, who share it.</summary>
/// <param name="Event">The message; never changed once it is here.</param>
/// <param name="Bytes">Its serialized size.</param>
/// <param name="Since">When it happened, in <see cref="Clock.Steady"/>'s nanoseconds: a clock that is set makes no event old.</param>
public sealed record SizedEvent(V1.ContainerEventResponse Event, int Bytes, long Since)
{
    /// <summary>Measures an event.</summary>
    public static SizedEvent Of(V1.ContainerEventResponse message) => new(message, message.CalculateSize(), Clock.Steady);

    /// <summary>How long ago it happened.</summary>
    public TimeSpan Age => TimeSpan.FromTicks((Clock.Steady - Since) / TimeSpan.NanosecondsPerTick);
}
