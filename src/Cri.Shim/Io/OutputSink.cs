namespace Cri.Shim.Io;

/// <summary>
/// Takes the output of a process. Never fails: what cannot be written is dropped, since stopping to read would stop the
/// container.
/// </summary>
internal abstract class OutputSink
{
    /// <summary>True while bytes wait for a reader that is there: it reads on or goes, so that waiting for it has an end.</summary>
    public virtual bool AwaitsReader => false;

    /// <summary>Takes bytes; the buffer is the sink's until the task completes.</summary>
    public abstract Task WriteAsync(byte[] buffer, int count, bool isStderr);

    /// <summary>Takes the end of a stream.</summary>
    public virtual Task EndAsync(bool isStderr) => Task.CompletedTask;

    /// <summary>Closes it, after everything written before.</summary>
    public abstract Task CloseAsync();

    /// <summary>Opens the file behind it anew; a sink that has none does nothing.</summary>
    public virtual Task ReopenAsync() => Task.CompletedTask;
}
