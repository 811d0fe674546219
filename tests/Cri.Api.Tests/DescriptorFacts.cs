using Cri.Api.V1;
using Google.Protobuf.Reflection;

namespace Cri.Api.Tests;

/// <summary>What the compiled descriptors say, in the words of the table.</summary>
internal static class DescriptorFacts
{
    private static FileDescriptor File => ApiReflection.Descriptor;

    public static IEnumerable<string> Rpcs() =>
        from service in File.Services
        from method in service.Methods
        select $"{service.FullName} {method.Name} {method.InputType.FullName} {method.OutputType.FullName}";

    public static IEnumerable<string> Streams() =>
        from service in File.Services
        from method in service.Methods
        select $"{service.FullName} {method.Name} {StreamKind(method)}";

    public static IEnumerable<string> Messages() => AllMessages().Select(message => message.FullName);

    public static IEnumerable<string> Fields() =>
        from message in AllMessages()
        from field in message.Fields.InDeclarationOrder()
        select $"{message.FullName} {field.Name} {field.FieldNumber} {TypeOf(field)}";

    public static IEnumerable<string> EnumValues() =>
        from type in File.EnumTypes.Concat(AllMessages().SelectMany(message => message.EnumTypes))
        from value in type.Values
        select $"{type.FullName} {value.Name} {value.Number}";

    public static IEnumerable<string> Redacted() =>
        from message in AllMessages()
        from field in message.Fields.InDeclarationOrder()
        where field.ToProto().Options?.DebugRedact == true
        select $"{message.FullName} {field.Name}";

    // Map fields have entry types of their own, which the table writes as map<key,value>.
    private static IEnumerable<MessageDescriptor> AllMessages() => File.MessageTypes.SelectMany(WithNested);

    private static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor message) =>
        message.NestedTypes.Where(nested => nested.ToProto().Options?.MapEntry != true).SelectMany(WithNested).Prepend(message);

    private static string StreamKind(MethodDescriptor method) => (method.IsClientStreaming, method.IsServerStreaming) switch
    {
        (false, false) => "unary",
        (false, true) => "server-stream",
        (true, false) => "client-stream",
        (true, true) => "duplex",
    };

    private static string TypeOf(FieldDescriptor field) =>
        field.IsMap ? $"map<{ElementOf(field.MessageType.Fields[1])},{ElementOf(field.MessageType.Fields[2])}>"
        : field.RealContainingOneof is not null ? $"oneof {ElementOf(field)}"
        : field.IsRepeated ? $"repeated {ElementOf(field)}"
        : ElementOf(field);

    private static string ElementOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => field.MessageType.FullName,
        FieldType.Enum => field.EnumType.FullName,
        var scalar => scalar.ToString().ToLowerInvariant(),
    };
}
