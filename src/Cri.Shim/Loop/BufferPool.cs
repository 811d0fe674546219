namespace Cri.Shim.Loop;

/// <summary>Buffers for copying, lent only while bytes are under way, so that idle containers hold none. For the loop's thread.</summary>
internal sealed class BufferPool
{
    /// <summary>Bytes of a buffer; below the size at which objects go to the large object heap.</summary>
    public const int BufferSize = 64 << 10;

    private const int Kept = 2;

    private readonly Stack<byte[]> _free = new();

    public byte[] Rent() => _free.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferSize);

    public void Return(byte[] buffer)
    {
        if (_free.Count < Kept)
        {
            _free.Push(buffer);
        }
    }
}
