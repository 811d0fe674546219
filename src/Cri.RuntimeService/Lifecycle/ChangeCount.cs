namespace Cri.RuntimeService.Lifecycle;

/// <summary>Counts changes, so that who has looked at all objects knows whether there is anything new to see.</summary>
public sealed class ChangeCount
{
    private long _value;

    /// <summary>The changes so far.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>Tells of a change that has happened.</summary>
    public void Add() => Interlocked.Increment(ref _value);
}
