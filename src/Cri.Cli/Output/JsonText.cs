using Google.Protobuf;

namespace Cri.Cli.Output;

/// <summary>Messages as protobuf's own JSON: lowerCamelCase names, unset fields written out, 64-bit numbers as strings.</summary>
internal static class JsonText
{
    private static readonly JsonFormatter _formatter =
        new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithIndentation("  "));

    /// <summary>The JSON of a message.</summary>
    public static string Of(IMessage message) => _formatter.Format(message);

    /// <summary>The JSON of an object with one field, a list of messages.</summary>
    public static string Of(string field, IEnumerable<IMessage> messages) =>
        $"{{\n  \"{field}\": [{string.Join(", ", messages.Select(message => _formatter.Format(message, 1)))}]\n}}";
}
