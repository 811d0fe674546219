using System.CommandLine;
using System.Text;
using System.Text.Json;
using Cri.Api.CrispV1;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image inspect</c>: everything about an image, as JSON.</summary>
internal static class InspectImageCommand
{
    public static Command Create(GlobalOptions options)
    {
        var images = new Argument<string[]>("image") { Description = "References or ids.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("inspect", "Show all about images, their layers and where they lie, as JSON.") { images };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(images)!));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] images)
    {
        foreach (var image in images)
        {
            var request = new InspectRequest { Image = image };
            var found = await CommandFailure.ExplainAsync($"inspect {image}", session.CrispImages.InspectAsync(request, session.Options));
            session.Terminal.WriteLine(Json(found));
        }

        return 0;
    }

    private static string Json(InspectResponse image)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("id", image.ImageId);
            WriteList(json, "tags", image.Tags);
            WriteList(json, "digests", image.Digests);
            json.WriteString("platform", image.Platform);
            json.WriteBoolean("pinned", image.Pinned);
            json.WriteString("pulledAt", DateTimeOffset.UnixEpoch.AddTicks(image.PulledAt / TimeSpan.NanosecondsPerTick));
            json.WriteNumber("size", image.Size);
            json.WriteNumber("diskSize", image.DiskSize);
            json.WriteString("manifestDigest", image.ManifestDigest);
            WriteLayers(json, image.Layers);
            WriteDocument(json, "config", image.Config.Span);
            WriteDocument(json, "manifest", image.Manifest.Span);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteLayers(Utf8JsonWriter json, IEnumerable<ImageLayer> layers)
    {
        json.WriteStartArray("layers");
        foreach (var layer in layers)
        {
            json.WriteStartObject();
            json.WriteString("digest", layer.Digest);
            json.WriteString("diffId", layer.DiffId);
            json.WriteNumber("size", layer.Size);
            json.WriteNumber("diskSize", layer.DiskSize);
            json.WriteString("name", layer.Name);
            json.WriteNumber("images", layer.Images);
            json.WriteBoolean("kept", layer.Kept);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        values.ToList().ForEach(json.WriteStringValue);
        json.WriteEndArray();
    }

    private static void WriteDocument(Utf8JsonWriter json, string name, ReadOnlySpan<byte> document)
    {
        if (!document.IsEmpty)
        {
            json.WritePropertyName(name);
            using var parsed = JsonDocument.Parse(document.ToArray());
            parsed.RootElement.WriteTo(json);
        }
    }
}
