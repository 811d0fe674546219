namespace Cri.Oci.Runtime;

/// <summary>A seccomp filter (config-linux.md, Seccomp).</summary>
public sealed record SeccompSpec
{
    /// <summary>What happens to calls that no rule names, <c>SCMP_ACT_ERRNO</c>.</summary>
    public required string DefaultAction { get; init; }

    /// <summary>The errno of the default action.</summary>
    public uint? DefaultErrnoRet { get; init; }

    /// <summary>The architectures it covers, <c>SCMP_ARCH_X86_64</c>.</summary>
    public IReadOnlyList<string>? Architectures { get; init; }

    /// <summary>Flags of seccomp(2).</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>The socket of a listener for SCMP_ACT_NOTIFY.</summary>
    public string? ListenerPath { get; init; }

    /// <summary>What is handed to the listener.</summary>
    public string? ListenerMetadata { get; init; }

    /// <summary>The rules.</summary>
    public IReadOnlyList<SyscallSpec>? Syscalls { get; init; }
}

/// <summary>One rule of a seccomp filter.</summary>
/// <param name="Names">The calls it covers.</param>
/// <param name="Action">What happens to them.</param>
/// <param name="ErrnoRet">The errno they answer.</param>
/// <param name="Args">Conditions on their arguments; all must hold.</param>
public sealed record SyscallSpec(
    IReadOnlyList<string> Names, string Action, uint? ErrnoRet = null, IReadOnlyList<SyscallArgSpec>? Args = null);

/// <summary>A condition on one argument of a call.</summary>
/// <param name="Index">The argument, 0 to 5.</param>
/// <param name="Value">What it is compared with.</param>
/// <param name="ValueTwo">The mask's value, for SCMP_CMP_MASKED_EQ.</param>
/// <param name="Op">The comparison, <c>SCMP_CMP_EQ</c>.</param>
public sealed record SyscallArgSpec(uint Index, ulong Value, ulong? ValueTwo, string Op);
