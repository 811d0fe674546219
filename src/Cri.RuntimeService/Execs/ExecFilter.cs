using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text.Json;
using Cri.Linux;
using Cri.Linux.Scripts;
using Cri.Linux.Seccomp;
using Cri.Oci.Runtime;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// The seccomp filter of a process that is made without an OCI runtime: the program that runc makes of the same rules. Most containers
/// have one profile, so the programs of the last few are kept.
/// </summary>
internal static class ExecFilter
{
    private const long SetModeFilter = 1; // SECCOMP_SET_MODE_FILTER
    private const int InstructionSize = 8;
    private const int MostInstructions = 4096; // BPF_MAXINSNS
    private const int MostKept = 16;
    private const int ProgramSize = 16; // struct sock_fprog
    private const int ProgramPointer = 8;
    private const uint NotPermitted = 1;
    private const uint NotImplemented = 38;
    private const string Errno = "SCMP_ACT_ERRNO";
    private const string Trace = "SCMP_ACT_TRACE";

    private static readonly ConcurrentDictionary<string, byte[]> _programs = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, uint> _actions = new(StringComparer.Ordinal)
    {
        ["SCMP_ACT_KILL"] = 0,
        ["SCMP_ACT_KILL_THREAD"] = 0,
        ["SCMP_ACT_KILL_PROCESS"] = 0x80000000,
        ["SCMP_ACT_TRAP"] = 0x00030000,
        [Errno] = 0x00050000,
        [Trace] = 0x7ff00000,
        ["SCMP_ACT_LOG"] = 0x7ffc0000,
        ["SCMP_ACT_ALLOW"] = 0x7fff0000,
    };

    // A good tracer has an answer to new calls itself.
    private static readonly string[] _permissive = [Trace, "SCMP_ACT_LOG", "SCMP_ACT_ALLOW"];

    private static readonly string[] _comparisons =
        ["", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"];

    /// <summary>Loads the filter.</summary>
    /// <exception cref="ArgumentException">It is one that only the OCI runtime can make.</exception>
    /// <param name="script">What does it.</param>
    /// <param name="filter">The rules.</param>
    public static void Load(SystemCallScript script, SeccompSpec filter)
    {
        var program = Program(filter);
        Span<byte> description = stackalloc byte[ProgramSize];
        description.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(description, (ushort)(program.Length / InstructionSize));
        script.Must(SystemCall.SetFilter, SetModeFilter, 0, script.Bytes(description, ProgramPointer, script.Bytes(program)));
    }

    private static byte[] Program(SeccompSpec filter)
    {
        var key = JsonSerializer.Serialize(filter, RuntimeJson.Default.SeccompSpec);
        if (_programs.TryGetValue(key, out var kept))
        {
            return kept;
        }

        if (_programs.Count >= MostKept)
        {
            _programs.Clear();
        }

        return _programs[key] = Compile(filter);
    }

    /// <summary>The program of the rules. Throws <see cref="ArgumentException"/> for those that only the OCI runtime can make one of.</summary>
    internal static byte[] Compile(SeccompSpec filter)
    {
        if (filter.Flags is { Count: > 0 } || !string.IsNullOrEmpty(filter.ListenerPath))
        {
            throw new ArgumentException("a seccomp filter with flags or a listener");
        }

        try
        {
            var architectures = (filter.Architectures ?? []).Select(Architecture).ToList();
            byte[] program = [.. Stub(filter, architectures), .. Rules(filter, architectures)];
            return program.Length <= MostInstructions * InstructionSize ? program : throw new ArgumentException("a seccomp filter of too many rules");
        }
        catch (DllNotFoundException missing)
        {
            throw new ArgumentException("libseccomp is not installed", missing);
        }
    }

    private static byte[] Rules(SeccompSpec filter, List<uint> architectures)
    {
        var otherwise = Action(filter.DefaultAction, filter.DefaultErrnoRet);
        using var rules = new SeccompRules(otherwise);
        architectures.ForEach(rules.Add);
        foreach (var rule in filter.Syscalls ?? [])
        {
            var action = Action(rule.Action, rule.ErrnoRet);
            var conditions = (rule.Args ?? []).Select(Condition).ToArray();

            // One call cannot have two conditions on an argument in one rule; apart, either is enough.
            var apart = conditions.DistinctBy(condition => condition.Index).Count() < conditions.Length;
            foreach (var name in action == otherwise ? [] : rule.Names)
            {
                foreach (var together in apart ? conditions.Select(condition => new[] { condition }) : [conditions])
                {
                    rules.Add(name, action, together);
                }
            }
        }

        return rules.Export();
    }

    private static byte[] Stub(SeccompSpec filter, List<uint> architectures)
    {
        if (_permissive.Contains(filter.DefaultAction) || filter.DefaultErrnoRet == NotImplemented)
        {
            return [];
        }

        var names = (filter.Syscalls ?? []).SelectMany(rule => rule.Names).Distinct(StringComparer.Ordinal).ToList();
        var last = architectures.Distinct().ToDictionary(
            architecture => architecture, architecture => (uint)names.Max(name => Math.Max(SeccompRules.Number(name, architecture) ?? 0, 0)));
        return SeccompStub.Assemble(last.Where(pair => pair.Value > 0).ToDictionary());
    }

    private static uint Architecture(string name) => name switch
    {
        "SCMP_ARCH_X86_64" or "SCMP_ARCH_X86" or "SCMP_ARCH_X32" or "SCMP_ARCH_AARCH64" or "SCMP_ARCH_ARM" =>
            SeccompRules.Architecture(name["SCMP_ARCH_".Length..].ToLowerInvariant()),
        _ => throw new ArgumentException($"a seccomp filter for {name}"),
    };

    private static uint Action(string name, uint? errno) => _actions.TryGetValue(name, out var action)
        ? action | (name is Errno or Trace ? (errno ?? NotPermitted) & 0xffff : 0)
        : throw new ArgumentException($"a seccomp filter with {name}");

    private static SeccompCondition Condition(SyscallArgSpec argument) => Array.IndexOf(_comparisons, argument.Op) is > 0 and var comparison && argument.Index <= 5
        ? new SeccompCondition(argument.Index, comparison, argument.Value, argument.ValueTwo ?? 0)
        : throw new ArgumentException($"a seccomp filter with {argument.Op} of argument {argument.Index}");
}
