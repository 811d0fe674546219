using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Cri.Conformance;

/// <summary>
/// Fills messages with values that have broken servers before. Where a value would reach into the machine that the test runs on (a path, a
/// port of the node, an image elsewhere), it is one of those that are named for its field.
/// </summary>
/// <param name="random">The source of all choices.</param>
/// <param name="named">Texts by the name of the field that they may stand in.</param>
/// <param name="texts">Texts for all other fields.</param>
internal sealed class RandomMessage(Random random, IReadOnlyDictionary<string, string[]> named, IReadOnlyList<string> texts)
{
    private const int Deepest = 6;

    private static readonly long[] _numbers =
        [0, 1, -1, 2, 100, 1000, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, (long)uint.MaxValue + 1, long.MaxValue, long.MinValue];

    // What takes as long as it is told to, or belongs to the node.
    private static readonly Dictionary<string, long[]> _namedNumbers = new()
    {
        ["timeout"] = [0, 1, -1, long.MinValue],
        ["host_port"] = [0, -1, 65536, int.MinValue],
        ["protocol"] = [0, 1, 2, 9],
    };

    /// <summary>A message of which every field is set or left by chance.</summary>
    public T Next<T>()
        where T : IMessage<T>, new()
    {
        var message = new T();
        Fill(message, 0, 0.5);
        return message;
    }

    /// <summary>Sets a few fields of a message anew, wherever they are in it.</summary>
    public T Changed<T>(T message)
        where T : IMessage<T>
    {
        var changed = message.Clone();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            Change(changed, 0);
        }

        return changed;
    }

    private void Change(IMessage message, int depth)
    {
        var fields = message.Descriptor.Fields.InDeclarationOrder();
        if (fields.Count == 0)
        {
            return;
        }

        var field = fields[random.Next(fields.Count)];
        if (field is { IsMap: false, IsRepeated: false, FieldType: FieldType.Message } && field.Accessor.GetValue(message) is IMessage inner && random.Next(6) > 0)
        {
            Change(inner, depth + 1);
        }
        else
        {
            field.Accessor.Clear(message);
            Set(message, field, depth);
        }
    }

    private void Fill(IMessage message, int depth, double chance)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder().Where(_ => random.NextDouble() < chance))
        {
            Set(message, field, depth);
        }
    }

    private void Set(IMessage message, FieldDescriptor field, int depth)
    {
        if (depth > Deepest)
        {
            return;
        }

        if (field.IsMap)
        {
            var map = (IDictionary)field.Accessor.GetValue(message);
            for (var count = random.Next(4); count > 0; count--)
            {
                map[Value(field.MessageType.FindFieldByNumber(1), depth, field.Name)] = Value(field.MessageType.FindFieldByNumber(2), depth, field.Name);
            }
        }
        else if (field.IsRepeated)
        {
            var list = (IList)field.Accessor.GetValue(message);
            for (var count = random.Next(4); count > 0; count--)
            {
                list.Add(Value(field, depth, field.Name));
            }
        }
        else
        {
            field.Accessor.SetValue(message, Value(field, depth, field.Name));
        }
    }

    private object Value(FieldDescriptor field, int depth, string name) => field.FieldType switch
    {
        FieldType.String => Text(name),
        FieldType.Bytes => ByteString.CopyFromUtf8(Text(name)),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Int64 => Number(name),
        FieldType.Int32 => unchecked((int)Number(name)),
        FieldType.UInt64 => unchecked((ulong)Number(name)),
        FieldType.UInt32 => unchecked((uint)Number(name)),
        FieldType.Double => (double)Number(name),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, _namedNumbers.ContainsKey(name) ? (int)Number(name) : random.Next(-1, 5)),
        FieldType.Message => Message(field.MessageType, depth),
        _ => throw new NotSupportedException($"{field.FullName} is a {field.FieldType}"),
    };

    private object Message(MessageDescriptor type, int depth)
    {
        var message = (IMessage)Activator.CreateInstance(type.ClrType)!;
        Fill(message, depth + 1, 0.4);
        return message;
    }

    private string Text(string name)
    {
        var choices = named.TryGetValue(name, out var own) ? own : texts;
        return choices[random.Next(choices.Count)];
    }

    private long Number(string name)
    {
        var choices = _namedNumbers.GetValueOrDefault(name, _numbers);
        return choices[random.Next(choices.Length)];
    }
}
