using System.Collections;

namespace Grpc.Core;

/// <summary>Headers or trailers of a call, in order; keys are lower case and may repeat.</summary>
public sealed class Metadata : IReadOnlyList<Metadata.Entry>
{
    /// <summary>Keys with this ending have binary values, in base64 on the wire.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>No entries, for ever.</summary>
    public static readonly Metadata Empty = new(readOnly: true);

    private readonly List<Entry> _entries = [];
    private readonly bool _readOnly;

    /// <summary>An empty collection to add to.</summary>
    public Metadata()
        : this(readOnly: false)
    {
    }

    private Metadata(bool readOnly) => _readOnly = readOnly;

    /// <inheritdoc/>
    public int Count => _entries.Count;

    /// <inheritdoc/>
    public Entry this[int index] => _entries[index];

    /// <summary>Adds a text entry.</summary>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Adds a binary entry; the key must end in "-bin".</summary>
    public void Add(string key, byte[] value) => Add(new Entry(key, value));

    /// <summary>Adds an entry. Throws InvalidOperationException on <see cref="Empty"/>.</summary>
    public void Add(Entry entry)
    {
        if (_readOnly)
        {
            throw new InvalidOperationException("this metadata is read-only");
        }

        _entries.Add(entry);
    }

    /// <summary>The last text value of a key, or null.</summary>
    public string? GetValue(string key) => _entries.FindLast(entry => entry.Key == key && !entry.IsBinary)?.Value;

    /// <inheritdoc/>
    public IEnumerator<Entry> GetEnumerator() => _entries.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>One key and its value.</summary>
    public sealed class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>A text entry. Throws ArgumentException when the key is one of a binary entry or not a legal header name.</summary>
        public Entry(string key, string value)
        {
            Key = Normalize(key, binary: false);
            _text = value;
        }

        /// <summary>A binary entry. Throws ArgumentException when the key does not end in "-bin".</summary>
        public Entry(string key, byte[] valueBytes)
        {
            Key = Normalize(key, binary: true);
            _bytes = valueBytes;
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>True when the value is bytes.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The text. Throws InvalidOperationException for a binary entry.</summary>
        public string Value => _text ?? throw new InvalidOperationException($"metadata {Key} is binary");

        /// <summary>The bytes. Throws InvalidOperationException for a text entry.</summary>
        public byte[] ValueBytes => _bytes ?? throw new InvalidOperationException($"metadata {Key} is text");

        /// <summary>The value as it travels: text, or base64 of the bytes.</summary>
        internal string WireValue => _text ?? Convert.ToBase64String(ValueBytes).TrimEnd('=');

        private static string Normalize(string key, bool binary)
        {
            var lower = key.ToLowerInvariant();
            if (lower.Length == 0 || !lower.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                throw new ArgumentException($"metadata key \"{key}\" is not a legal header name", nameof(key));
            }

            return lower.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal) == binary
                ? lower
                : throw new ArgumentException($"metadata key \"{key}\": only binary values have keys ending in \"-bin\"", nameof(key));
        }
    }
}
