namespace Cri.Shim.Io.Attach;

/// <summary>A sink whose output attached clients get as well.</summary>
internal sealed class AttachableSink(OutputSink log, AttachPoint point) : OutputSink
{
    public override Task WriteAsync(byte[] buffer, int count, bool isStderr)
    {
        point.Offer(buffer.AsSpan(0, count), isStderr);
        return log.WriteAsync(buffer, count, isStderr);
    }

    public override Task EndAsync(bool isStderr) => log.EndAsync(isStderr);

    public override Task ReopenAsync() => log.ReopenAsync();

    public override Task CloseAsync()
    {
        point.Dispose();
        return log.CloseAsync();
    }
}
