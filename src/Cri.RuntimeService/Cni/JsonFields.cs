using System.Text.Json;
using System.Text.Unicode;

namespace Cri.RuntimeService.Cni;

/// <summary>Reads optional fields of a JSON object; a field of the wrong kind is an error, an absent or null one is not.</summary>
internal static class JsonFields
{
    /// <summary>Parses a text. All of its strings are sound, so that none fails when it is read or written later.</summary>
    /// <exception cref="FormatException">It is not JSON.</exception>
    internal static JsonElement Parse(ReadOnlyMemory<byte> text)
    {
        if (!Utf8.IsValid(text.Span))
        {
            throw new FormatException("not valid JSON: it is not UTF-8");
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            using var writer = new Utf8JsonWriter(Stream.Null);
            document.RootElement.WriteTo(writer);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The last two are what a string with half of a surrogate pair ends in.
            throw new FormatException($"not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A string.</summary>
    internal static string? Text(JsonElement json, string key)
    {
        if (!json.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"\"{key}\" is not a string");
    }

    /// <summary>A list of strings.</summary>
    internal static IReadOnlyList<string> Texts(JsonElement json, string key) => [.. Items(json, key).Select(item =>
        item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new FormatException($"\"{key}\" is not a list of strings"))];

    /// <summary>The items of a list.</summary>
    internal static IEnumerable<JsonElement> Items(JsonElement json, string key)
    {
        if (!json.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new FormatException($"\"{key}\" is not a list");
    }

    /// <summary>The objects of a list.</summary>
    internal static IEnumerable<JsonElement> Objects(JsonElement json, string key) => Items(json, key).Select(item =>
        item.ValueKind == JsonValueKind.Object ? item : throw new FormatException($"\"{key}\" is not a list of objects"));

    /// <summary>An object.</summary>
    internal static JsonElement? Object(JsonElement json, string key)
    {
        if (!json.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object ? value : throw new FormatException($"\"{key}\" is not an object");
    }

    /// <summary>A whole number.</summary>
    internal static int? Number(JsonElement json, string key)
    {
        if (!json.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw new FormatException($"\"{key}\" is not a whole number");
    }
}
