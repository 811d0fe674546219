using System.Globalization;
using System.Text.Json;
using Cri.Linux;
using Cri.RuntimeService.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cri.RuntimeService.Cdi;

/// <summary>Reads and checks one CDI file.</summary>
internal static class CdiFile
{
    private const int LargestFile = 1 << 20;

    // As many digits of 3 bits as 64 bits hold, after the zero.
    private const int LongestOctal = 21;

    private static readonly HashSet<string> _hooks = new(StringComparer.Ordinal)
    {
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    };

    /// <summary>The file's devices. Throws <see cref="InvalidDataException"/> that says what is wrong with it.</summary>
    internal static CdiSpec Read(string path)
    {
        try
        {
            var bytes = RegularFile.Read(path, LargestFile);
            var json = Path.GetExtension(path) == ".json" ? bytes : ToJson(bytes);
            return Checked(JsonSerializer.Deserialize(json, CdiJson.Default.CdiSpec) ?? throw new InvalidDataException("it is empty"));
        }
        catch (Exception error) when (error is JsonException or YamlException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    private static CdiSpec Checked(CdiSpec spec)
    {
        Require(System.Version.TryParse(spec.CdiVersion, out var version) && version.Major <= 1, $"cdiVersion \"{spec.CdiVersion}\" is not known");
        Require(spec.Kind is { } kind && CdiName.IsKind(kind), $"kind \"{spec.Kind}\" is not VENDOR/CLASS");
        Require(spec.Devices.Count > 0, "it has no devices");
        Check(spec.ContainerEdits);
        foreach (var device in spec.Devices)
        {
            Require(device is { Name: { } name } && CdiName.IsDevice(name), $"device name \"{device?.Name}\" is not valid");
            Require(spec.Devices.Count(other => other?.Name == device!.Name) == 1, $"device \"{device!.Name}\" is there twice");
            Check(device!.ContainerEdits);
        }

        return spec;
    }

    // JSON may have null wherever there is a value.
    private static void Check(CdiEdits edits)
    {
        foreach (var variable in edits.Env)
        {
            Require(variable is { } && variable.IndexOf('=', StringComparison.Ordinal) > 0, $"environment variable \"{variable}\" is not NAME=value");
        }

        foreach (var node in edits.DeviceNodes)
        {
            Require(node is { Path: ['/', ..] }, $"device node \"{node?.Path}\": the path must be absolute");
            Require(node!.Type is null or "" or "b" or "c" or "u" or "p", $"device node \"{node.Path}\": type \"{node.Type}\" is none of b, c, u, p");
            Require((node.Permissions ?? "").All("rwm".Contains), $"device node \"{node.Path}\": permissions \"{node.Permissions}\" are not letters of rwm");
        }

        foreach (var hook in edits.Hooks)
        {
            Require(hook is { HookName: { } name } && _hooks.Contains(name), $"hook \"{hook?.HookName}\" is not known");
            Require(hook is { Path: ['/', ..] }, $"hook \"{hook?.Path}\": the path must be absolute");
        }

        Require(edits.NetDevices.All(device => device is { HostInterfaceName: not null, Name: not null }), "a network device has no name");
        foreach (var mount in edits.Mounts)
        {
            Require(mount is { HostPath.Length: > 0, ContainerPath: ['/', ..] }, $"mount \"{mount?.ContainerPath}\": both paths must be given, absolute");
        }
    }

    private static void Require(bool holds, string mistake)
    {
        if (!holds)
        {
            throw new InvalidDataException(mistake);
        }
    }

    private static byte[] ToJson(byte[] yaml)
    {
        using var reader = new StreamReader(new MemoryStream(yaml));
        var stream = BoundedYaml.Load(reader.ReadToEnd());
        if (stream.Documents.Count != 1)
        {
            throw new InvalidDataException($"it has {stream.Documents.Count} YAML documents, not one");
        }

        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            Write(writer, stream.Documents[0].RootNode);
        }

        return json.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Children)
                {
                    writer.WritePropertyName((key as YamlScalarNode)?.Value ?? throw new InvalidDataException($"line {key.Start.Line}: a key must be a word"));
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case YamlSequenceNode list:
                writer.WriteStartArray();
                foreach (var item in list.Children)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                WriteScalar(writer, (YamlScalarNode)node);
                break;
        }
    }

    // Only an unquoted scalar can be anything but a text (YAML 1.2, core schema); 0666 is octal to the Go tools that write CDI files.
    private static void WriteScalar(Utf8JsonWriter writer, YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            writer.WriteStringValue(text);
        }
        else if (text is "" or "~" or "null")
        {
            writer.WriteNullValue();
        }
        else if (text is "true" or "false")
        {
            writer.WriteBooleanValue(text == "true");
        }
        else if (text.Length is > 1 and <= LongestOctal && text[0] == '0' && text[1..].All(letter => letter is >= '0' and <= '7'))
        {
            writer.WriteNumberValue(Convert.ToInt64(text, 8));
        }
        else if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }
}
