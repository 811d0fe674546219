using Cri.Linux;

namespace Cri.Shim;

/// <summary>
/// What a shim gives back. When nothing has come for a while that is all that it needs for work only: a pod that only runs needs nothing
/// of its shim, and there are hundreds of them. One that is never left alone, as by an exec probe each second, gives back its garbage
/// from time to time: what the collector has found alive once it would not look at again before megabytes of it are there.
/// </summary>
internal sealed class Rest
{
    // Worth a collection, which takes about a millisecond: some execs, or a container's start; in the midst of work, hundreds of them.
    private const long MuchGarbage = 512 << 10;
    private const long TooMuchGarbage = 4 << 20;
    private long _collected;

    /// <summary>Gives back what only work needs.</summary>
    public void Take()
    {
        CollectAbove(MuchGarbage, GCCollectionMode.Aggressive);
        ResidentPages.ReleaseProgram();
    }

    /// <summary>Gives back garbage, if there is much of it.</summary>
    public void Breathe() => CollectAbove(TooMuchGarbage, GCCollectionMode.Forced);

    private void CollectAbove(long garbage, GCCollectionMode mode)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        if (allocated - _collected > garbage)
        {
            GC.Collect(GC.MaxGeneration, mode, blocking: true, compacting: true);
            _collected = allocated;
        }
    }
}
