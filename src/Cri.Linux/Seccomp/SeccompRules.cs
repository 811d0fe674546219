using System.Runtime.InteropServices;

namespace Cri.Linux.Seccomp;

/// <summary>A condition on one argument of a system call.</summary>
/// <param name="Index">The argument, 0 to 5.</param>
/// <param name="Comparison">How it is compared: the enumeration scmp_compare.</param>
/// <param name="Value">With what; the mask where the comparison has one.</param>
/// <param name="MaskedValue">With what after masking.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct SeccompCondition(uint Index, int Comparison, ulong Value, ulong MaskedValue);

/// <summary>
/// The rules of a seccomp filter, made into a program by libseccomp, which the OCI runtimes use as well, so that the same rules
/// come to the same program.
/// </summary>
/// <remarks>References: seccomp_init(3), seccomp_rule_add_array(3), seccomp_export_bpf(3).</remarks>
public sealed partial class SeccompRules : IDisposable
{
    private const string Library = "libseccomp.so.2";
    private const int Unknown = -1; // __NR_SCMP_ERROR
    private readonly nint _context;

    /// <summary>No rules yet: each call has the default action.</summary>
    /// <exception cref="DllNotFoundException">The library is not installed.</exception>
    /// <exception cref="LinuxException">EINVAL for an action that there is not.</exception>
    public SeccompRules(uint defaultAction)
    {
        _context = Init(defaultAction);
        if (_context == 0)
        {
            throw new LinuxException("seccomp_init", null, (int)Errno.EINVAL);
        }
    }

    /// <summary>The token of an architecture by the library's name, <c>x86_64</c>; 0 for one that it does not know.</summary>
    public static uint Architecture(string name) => ResolveArchitecture(name);

    /// <summary>The number of a call on an architecture, negative for one that it does not have; null for one that there is nowhere.</summary>
    public static int? Number(string call, uint architecture) =>
        ResolveCall(architecture, call) is not Unknown and var number ? number : null;

    /// <summary>Adds an architecture to the native one.</summary>
    public void Add(uint architecture)
    {
        var result = AddArchitecture(_context, architecture);
        if (result != -(int)Errno.EEXIST)
        {
            Check(result, "seccomp_arch_add");
        }
    }

    /// <summary>Adds a rule. One for a call that the library does not know is left out.</summary>
    /// <param name="call">The call's name.</param>
    /// <param name="action">What happens to it.</param>
    /// <param name="conditions">All must hold.</param>
    public void Add(string call, uint action, ReadOnlySpan<SeccompCondition> conditions)
    {
        if (ResolveNativeCall(call) is not Unknown and var number)
        {
            Check(AddRule(_context, action, number, (uint)conditions.Length, conditions), $"seccomp_rule_add {call}");
        }
    }

    /// <summary>The program: instructions of eight bytes (struct sock_filter).</summary>
    public byte[] Export()
    {
        using var file = MemoryFile.Create("filter", isSealable: false);
        Check(Export(_context, file), "seccomp_export_bpf");
        return File.ReadAllBytes($"/proc/self/fd/{file.Number}");
    }

    /// <inheritdoc/>
    public void Dispose() => Release(_context);

    private static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw new LinuxException(call, null, -result);
        }
    }

    [LibraryImport(Library, EntryPoint = "seccomp_init")]
    private static partial nint Init(uint defaultAction);

    [LibraryImport(Library, EntryPoint = "seccomp_release")]
    private static partial void Release(nint context);

    [LibraryImport(Library, EntryPoint = "seccomp_arch_resolve_name", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint ResolveArchitecture(string name);

    [LibraryImport(Library, EntryPoint = "seccomp_syscall_resolve_name", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ResolveNativeCall(string name);

    [LibraryImport(Library, EntryPoint = "seccomp_syscall_resolve_name_arch", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ResolveCall(uint architecture, string name);

    [LibraryImport(Library, EntryPoint = "seccomp_arch_add")]
    private static partial int AddArchitecture(nint context, uint architecture);

    [LibraryImport(Library, EntryPoint = "seccomp_rule_add_array")]
    private static partial int AddRule(nint context, uint action, int number, uint count, ReadOnlySpan<SeccompCondition> conditions);

    [LibraryImport(Library, EntryPoint = "seccomp_export_bpf")]
    private static partial int Export(nint context, Fd file);
}
