using System.Text.Json;
using Cri.Ttrpc;

namespace Cri.Shim.Tasks;

/// <summary>The process object of an OCI runtime configuration, as an exec brings it.</summary>
internal static class ProcessSpecification
{
    private const string Terminal = "terminal";

    /// <summary>
    /// The object with its terminal flag as the request has it, which decides. Throws INVALID_ARGUMENT when it is no JSON object.
    /// </summary>
    public static byte[] WithTerminal(byte[] json, bool terminal)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var isSet = root.TryGetProperty(Terminal, out var value) && value.ValueKind == JsonValueKind.True;
            return isSet == terminal ? json : Rewrite(root, terminal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TtrpcException(
                TtrpcStatusCode.InvalidArgument, $"the exec's process specification is no JSON object: {e.Message}", e);
        }
    }

    private static byte[] Rewrite(JsonElement root, bool terminal)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteBoolean(Terminal, terminal);
            foreach (var property in root.EnumerateObject().Where(property => !property.NameEquals(Terminal)))
            {
                property.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return stream.ToArray();
    }
}
