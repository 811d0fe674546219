using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux.Scripts;

/// <summary>
/// A program that makes one system call after the other, with arguments that are known beforehand: what has to be done between fork and
/// exec, by a process of one thread, where no managed code can run. It is assembled for each use, executed from memory, and gone with
/// the execve(2) at its end.
/// <code>
/// Must   a failure ends it, and is reported
/// Try    a failure changes nothing
/// Fork   by clone(2) or clone3(2): the child goes on, and the one that forked reports the child's pid and ends
/// </code>
/// A report is 16 bytes on a descriptor: the pid or the negative errno, and which step it was.
/// </summary>
/// <example>
/// <code>
/// var script = new SystemCallScript();
/// script.Must(SystemCall.ChangeDirectory, script.Text("/tmp"));
/// script.Must(SystemCall.Execute, script.Text("/bin/pwd"), script.Texts(["pwd"]), script.Texts([]));
/// var program = script.Assemble(reportTo: 3);
/// </code>
/// </example>
public sealed class SystemCallScript
{
    /// <summary>The bytes of a report.</summary>
    public const int ReportSize = 16;

    private const int MaxArguments = 6;
    private const int Word = 8;
    private const int StepSize = (MaxArguments + 2) * Word;

    private readonly List<Step> _steps = [];
    private readonly List<byte> _data = [];
    private readonly List<int> _pointers = [];

    private enum Mode
    {
        Must,
        Try,
        Fork,
    }

    /// <summary>The calls, in their order.</summary>
    public IReadOnlyList<SystemCall> Calls => [.. _steps.Select(step => step.Call)];

    /// <summary>A call that has to succeed.</summary>
    public void Must(SystemCall call, params ReadOnlySpan<ScriptArgument> arguments) => Add(call, Mode.Must, arguments);

    /// <summary>A call whose failure changes nothing.</summary>
    public void Try(SystemCall call, params ReadOnlySpan<ScriptArgument> arguments) => Add(call, Mode.Try, arguments);

    /// <summary>Goes on in a child, whose pid is reported.</summary>
    /// <param name="flags">Of clone(2), with the signal that tells of its end.</param>
    public void Fork(long flags) => Fork(SystemCall.CloneProcess, flags);

    /// <summary>Goes on in a child, whose pid is reported.</summary>
    /// <param name="call">What makes the child.</param>
    /// <param name="arguments">Its arguments.</param>
    public void Fork(SystemCall call, params ReadOnlySpan<ScriptArgument> arguments) => Add(call, Mode.Fork, arguments);

    /// <summary>Data that a call is given the address of, on a boundary of eight bytes.</summary>
    public ScriptArgument Bytes(ReadOnlySpan<byte> bytes)
    {
        while (_data.Count % Word != 0)
        {
            _data.Add(0);
        }

        var place = _data.Count;
        _data.AddRange(bytes);
        return new ScriptArgument((ulong)place, true);
    }

    /// <summary>Data with an address in it.</summary>
    /// <param name="bytes">The data.</param>
    /// <param name="at">Where in it the address is to be, a multiple of eight.</param>
    /// <param name="target">Of what.</param>
    public ScriptArgument Bytes(ReadOnlySpan<byte> bytes, int at, ScriptArgument target)
    {
        var data = Bytes(bytes);
        var pointer = (int)data.Value + at;
        BinaryPrimitives.WriteUInt64LittleEndian(CollectionsMarshal.AsSpan(_data)[pointer..], target.Value);
        _pointers.Add(pointer);
        return data;
    }

    /// <summary>A text with its terminating zero. Throws for one with a zero in it.</summary>
    public ScriptArgument Text(string text) => text.Contains('\0')
        ? throw new ArgumentException($"\"{text.Replace('\0', '?')}\" has a zero byte in it", nameof(text))
        : Bytes([.. Encoding.UTF8.GetBytes(text), 0]);

    /// <summary>The addresses of texts, and a null pointer, as execve(2) wants its arguments.</summary>
    public ScriptArgument Texts(IEnumerable<string> texts) => Addresses([.. texts.Select(Text)]);

    /// <summary>The executable for this machine.</summary>
    /// <param name="reportTo">The descriptor for reports, 0 to 65535.</param>
    /// <exception cref="PlatformNotSupportedException">There is no code for this architecture.</exception>
    public byte[] Assemble(int reportTo) => Assemble(reportTo, RuntimeInformation.ProcessArchitecture);

    /// <summary>The executable for an architecture.</summary>
    public byte[] Assemble(int reportTo, Architecture architecture)
    {
        var size = SystemCallProgram.Size(architecture);
        var steps = ElfExecutable.EntryAddress + (ulong)size;
        var data = steps + (ulong)(StepSize * _steps.Count);
        var image = new byte[size + (StepSize * _steps.Count) + _data.Count];
        SystemCallProgram.Code(architecture, steps, reportTo).CopyTo(image, 0);
        for (var i = 0; i < _steps.Count; i++)
        {
            Write(_steps[i], image.AsSpan(size + (StepSize * i), StepSize), data, architecture);
        }

        var own = image.AsSpan(size + (StepSize * _steps.Count));
        CollectionsMarshal.AsSpan(_data).CopyTo(own);
        foreach (var pointer in _pointers)
        {
            var place = BinaryPrimitives.ReadUInt64LittleEndian(own[pointer..]);
            BinaryPrimitives.WriteUInt64LittleEndian(own[pointer..], data + place);
        }

        return ElfExecutable.Of(SystemCallProgram.Machine(architecture), image);
    }

    /// <summary>Reads a report of a script that was assembled for this machine.</summary>
    /// <returns>The pid or the negative errno, and the index in <see cref="Calls"/>.</returns>
    public static (long Result, int Step) Report(ReadOnlySpan<byte> report)
    {
        var steps = ElfExecutable.EntryAddress + (ulong)SystemCallProgram.Size(RuntimeInformation.ProcessArchitecture);
        var next = BinaryPrimitives.ReadUInt64LittleEndian(report[Word..]);
        return (BinaryPrimitives.ReadInt64LittleEndian(report), (int)((next - steps) / StepSize) - 1);
    }

    private static void Write(Step step, Span<byte> into, ulong data, Architecture architecture)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(into, (ulong)step.Call.Number(architecture));
        for (var i = 0; i < step.Arguments.Length; i++)
        {
            var argument = step.Arguments[i];
            BinaryPrimitives.WriteUInt64LittleEndian(into[(Word * (i + 1))..], argument.IsAddress ? data + argument.Value : argument.Value);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(into[(Word * (MaxArguments + 1))..], (ulong)step.Mode);
    }

    private void Add(SystemCall call, Mode mode, ReadOnlySpan<ScriptArgument> arguments) => _steps.Add(new Step(call, mode, arguments.ToArray()));

    private ScriptArgument Addresses(ScriptArgument[] places)
    {
        var bytes = new byte[Word * (places.Length + 1)];
        for (var i = 0; i < places.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Word * i), places[i].Value);
        }

        var table = Bytes(bytes);
        for (var i = 0; i < places.Length; i++)
        {
            _pointers.Add((int)table.Value + (Word * i));
        }

        return table;
    }

    private readonly record struct Step(SystemCall Call, Mode Mode, ScriptArgument[] Arguments);
}
