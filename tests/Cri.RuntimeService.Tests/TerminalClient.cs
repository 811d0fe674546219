using System.Text;
using System.Threading.Channels;
using Cri.Streaming;
using Xunit;

namespace Cri.RuntimeService.Tests;

/// <summary>A client of an exec or attach, in memory: what it types, what it sees, and whether it reads at all.</summary>
internal sealed class TerminalClient
{
    private readonly Channel<TerminalSize> _sizes = Channel.CreateUnbounded<TerminalSize>();

    internal TypedInput Stdin { get; } = new();

    internal Screen Stdout { get; } = new();

    internal Screen Stderr { get; } = new();

    internal void Resize(ushort width, ushort height) => _sizes.Writer.TryWrite(new TerminalSize(width, height));

    internal TerminalStreams Streams(bool stdin = false, bool tty = false) =>
        new(stdin ? Stdin : null, Stdout, tty ? null : Stderr, _sizes.Reader);

    /// <summary>A stream whose bytes a test types.</summary>
    internal sealed class TypedInput : Stream
    {
        private readonly Channel<byte[]> _typed = Channel.CreateUnbounded<byte[]>();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        internal void Type(string text) => _typed.Writer.TryWrite(Encoding.UTF8.GetBytes(text));

        internal void End() => _typed.Writer.Complete();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!await _typed.Reader.WaitToReadAsync(cancellationToken))
            {
                return 0;
            }

            var bytes = await _typed.Reader.ReadAsync(cancellationToken);
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>A stream that keeps what is written, and makes the writer wait while it is told not to read.</summary>
    internal sealed class Screen : Stream
    {
        private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
        private readonly MemoryStream _seen = new();
        private volatile TaskCompletionSource _reads = Open();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length
        {
            get
            {
                lock (_seen)
                {
                    return _seen.Length;
                }
            }
        }

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>All that was seen so far.</summary>
        internal string Text
        {
            get
            {
                lock (_seen)
                {
                    return Encoding.UTF8.GetString(_seen.ToArray());
                }
            }
        }

        internal void StopReading() => _reads = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void ReadOn() => _reads.TrySetResult();

        /// <summary>Waits until this was seen.</summary>
        internal async Task WaitForAsync(string text)
        {
            for (var until = DateTime.UtcNow + _patience; !Text.Contains(text, StringComparison.Ordinal); await Task.Delay(10))
            {
                Assert.True(DateTime.UtcNow < until, $"\"{text}\" was never seen in: {Text}");
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _reads.Task.WaitAsync(cancellationToken);
            lock (_seen)
            {
                _seen.Write(buffer.Span);
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private static TaskCompletionSource Open()
        {
            var open = new TaskCompletionSource();
            open.SetResult();
            return open;
        }
    }
}
