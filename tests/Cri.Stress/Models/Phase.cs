namespace Cri.Stress.Models;

/// <summary>
/// Where a pod or a container stands. A pod that is being stopped is still shown as ready, and the starts that had begun are still waited for. A removal is two steps: the name is free before the object leaves the lists.
/// <code>
///  pod:        Unborn ── Ready ───── Stopping ─ Stopped ── Unnamed ── Gone
///                          └─── a stop was given up
///  container:  Unborn ── Created ── Running ─── Exited ─── Unnamed ── Gone
///                          └───────────────────────────────┘ removed without ever having run
/// </code>
/// </summary>
public static class Phase
{
#pragma warning disable CS1591, SA1600 // as drawn above
    public const byte Unborn = 0;
    public const byte Ready = 1;
    public const byte Created = 1;
    public const byte Running = 2;
    public const byte Stopping = 2;
    public const byte Stopped = 3;
    public const byte Exited = 3;
    public const byte Unnamed = 4;
    public const byte Gone = 5;
#pragma warning restore CS1591, SA1600

    /// <summary>Set in a container's phase once it was started.</summary>
    public const byte Started = 0x10;

    /// <summary>The phase without the flag.</summary>
    public static byte Of(byte value) => (byte)(value & 0x0f);
}
