using Cri.Ttrpc.CrispApi;
using Cri.Ttrpc.SandboxApi;
using Google.Protobuf.Reflection;

namespace Cri.Ttrpc.Tests.Wire;

public sealed class DescriptorTests
{
    private static readonly FileDescriptor[] _files =
    [
        Types.MountReflection.Descriptor,
        Types.TaskReflection.Descriptor,
        Types.EventReflection.Descriptor,
        Types.MetricsReflection.Descriptor,
        Types.PlatformReflection.Descriptor,
        TaskApi.V2.TaskReflection.Descriptor,
        TaskApi.V3.TaskReflection.Descriptor,
        EventsApi.TaskReflection.Descriptor,
        EventsApi.EventsReflection.Descriptor,
        RuncOptions.OptionsReflection.Descriptor,
        SandboxReflection.Descriptor,
    ];

    [Fact]
    public void Descriptors_ComparedWithTheTable_AgreeInBothDirections()
    {
        var expected = Table();
        var actual = _files.SelectMany(Rows).ToHashSet();
        Assert.Empty(expected.Except(actual));
        Assert.Empty(actual.Except(expected));
    }

    [Fact]
    public void Fields_ThatContainerdHasNot_AreNamedForUsAndNumberedFrom100()
    {
        var ours = _files.SelectMany(file => file.MessageTypes).SelectMany(message => message.Fields.InFieldNumberOrder()).Where(IsOurs);
        Assert.Equal(
            ["containerd.task.v3.CreateTaskRequest.crisp_start = 100", "containerd.task.v3.ExecProcessRequest.crisp_program = 100"],
            ours.Select(field => $"{field.FullName} = {field.FieldNumber}").Order());
    }

    [Fact]
    public void Versions2And3_OfTheTaskService_HaveTheSameNumbers()
    {
        var v2 = Rows(TaskApi.V2.TaskReflection.Descriptor).Select(row => row.Replace("task.v2", "task.v3", StringComparison.Ordinal));
        Assert.Equal(Rows(TaskApi.V3.TaskReflection.Descriptor).Order(), v2.Order());
    }

    [Fact]
    public void TypeUrls_OfMessages_AreTheirFullNames()
    {
        Assert.Equal(TypeUrl.RuncOptions, RuncOptions.Options.Descriptor.FullName);
        Assert.Equal(TypeUrl.ProcessDetails, RuncOptions.ProcessDetails.Descriptor.FullName);
        Assert.Equal(TypeUrl.SandboxOptions, SandboxOptions.Descriptor.FullName);
        Assert.Equal(TypeUrl.Stats, Stats.Descriptor.FullName);
    }

    private static HashSet<string> Table()
    {
        using var stream = typeof(DescriptorTests).Assembly.GetManifestResourceStream("containerd-shim.tsv")!;
        var lines = new StreamReader(stream).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1);

        // Rows of kind message name those without a field. Every column counts.
        return [.. lines.Select(line => line.TrimEnd('\t'))];
    }

    private static IEnumerable<string> Rows(FileDescriptor file) =>
    [
        .. file.MessageTypes.SelectMany(Rows),
        .. file.EnumTypes.SelectMany(e => e.Values.Select(v => $"enum\t{e.FullName}\t{v.Name}\t{v.Number}")),
        .. file.Services.SelectMany(s => s.Methods.Select(
            m => $"rpc\t{s.FullName}\t{m.Name}\t{m.InputType.FullName}\t{m.OutputType.FullName}\tunary")),
    ];

    private static IEnumerable<string> Rows(MessageDescriptor message)
    {
        var fields = message.Fields.InDeclarationOrder();
        return fields.Count == 0
            ? [$"message\t{message.FullName}"]
            : fields.Where(field => !IsOurs(field)).Select(field => $"field\t{message.FullName}\t{field.Name}\t{field.FieldNumber}\t{TypeOf(field)}");
    }

    private static bool IsOurs(FieldDescriptor field) => field.Name.StartsWith("crisp_", StringComparison.Ordinal);

    private static string TypeOf(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            var entry = field.MessageType;
            return $"map<{Plain(entry.FindFieldByNumber(1))},{Plain(entry.FindFieldByNumber(2))}>";
        }

        return field.IsRepeated ? $"repeated {Plain(field)}" : Plain(field);
    }

    private static string Plain(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => field.MessageType.FullName,
        FieldType.Enum => field.EnumType.FullName,
        _ => field.FieldType.ToString().ToLowerInvariant(),
    };
}
