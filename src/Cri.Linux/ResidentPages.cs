using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Gives memory back that the process has but does not need at the moment: madvise(2), malloc_trim(3).</summary>
public static partial class ResidentPages
{
    private const int MadvDontNeed = 4;
    private const int LongestLine = 8192; // a path has up to 4096 bytes
    private const int ProgramHeaders = 3; // AT_PHDR
    private const int ProgramHeaderCount = 5; // AT_PHNUM

    /// <summary>
    /// Takes the pages of the program's own file and its libraries out of the process, as far as nothing was ever written to them.
    /// They stay in the page cache; those still in use come back, each by a minor fault. It leaves no garbage.
    /// </summary>
    public static void ReleaseFiles()
    {
        using var smaps = new FileStream("/proc/self/smaps", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Span<byte> buffer = stackalloc byte[LongestLine];
        var mapping = default(Mapping);
        var kept = 0;
        while (smaps.Read(buffer[kept..]) is > 0 and var read)
        {
            var text = buffer[..(kept + read)];
            for (var end = text.IndexOf((byte)'\n'); end >= 0; end = text.IndexOf((byte)'\n'))
            {
                ReleaseUnwritten(text[..end], ref mapping);
                text = text[(end + 1)..];
            }

            text.CopyTo(buffer);
            kept = text.Length;
        }
    }

    /// <summary>
    /// Takes the pages of the program's own file out of the process that cannot be written to, its code above all, without looking
    /// anything up: for a program that is so small that a look at its mappings would cost what it gains (getauxval(3), elf(5)).
    /// </summary>
    public static unsafe void ReleaseProgram()
    {
        var headers = (ProgramHeader*)GetAuxiliaryValue(ProgramHeaders);
        var count = (int)GetAuxiliaryValue(ProgramHeaderCount);
        nuint moved = 0;
        for (var header = headers; header < headers + count; header++)
        {
            if (header->Type == ProgramHeader.OfHeaders)
            {
                moved = (nuint)headers - (nuint)header->Address;
            }
            else if (header->Type == ProgramHeader.Loaded && (header->Flags & ProgramHeader.Writable) == 0)
            {
                var page = (nuint)Environment.SystemPageSize;
                var start = (moved + (nuint)header->Address) & ~(page - 1);
                _ = Madvise(start, moved + (nuint)header->Address + (nuint)header->Size - start, MadvDontNeed);
            }
        }
    }

    /// <summary>Returns what the C library's heap holds but does not use.</summary>
    public static void TrimHeap() => _ = MallocTrim(0);

    /// <summary>The process's resident memory in bytes.</summary>
    public static long Resident()
    {
        var pages = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(pages, CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    private static void ReleaseUnwritten(ReadOnlySpan<byte> line, ref Mapping mapping)
    {
        if (Mapping.TryParse(line, out var next))
        {
            mapping = next;
        }
        else if (mapping.IsUnwritableFile && line.StartsWith("Anonymous:"u8) && line.EndsWith(" 0 kB"u8))
        {
            // Only a hint: a mapping that cannot be released stays.
            _ = Madvise(mapping.Start, mapping.Length, MadvDontNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nuint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);

    [LibraryImport("libc", EntryPoint = "getauxval")]
    private static partial nuint GetAuxiliaryValue(nuint type);

    // Elf64_Phdr.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ProgramHeader
    {
        internal const uint Loaded = 1;
        internal const uint OfHeaders = 6;
        internal const uint Writable = 2;

        internal readonly uint Type;
        internal readonly uint Flags;
        internal readonly ulong Offset;
        internal readonly ulong Address;
        internal readonly ulong PhysicalAddress;
        internal readonly ulong FileSize;
        internal readonly ulong Size;
        internal readonly ulong Alignment;
    }

    // proc_pid_smaps(5): "start-end rwxp offset device inode path", then a line for each figure.
    private readonly record struct Mapping(nuint Start, nuint Length, bool IsUnwritableFile)
    {
        internal static bool TryParse(ReadOnlySpan<byte> line, out Mapping mapping)
        {
            mapping = default;
            if (!Utf8Parser.TryParse(line, out ulong start, out var dash, 'x') || dash == line.Length || line[dash] != '-'
                || !Utf8Parser.TryParse(line[(dash + 1)..], out ulong end, out var digits, 'x'))
            {
                return false;
            }

            var access = line.Slice(dash + 1 + digits + 1, 4);
            mapping = new Mapping((nuint)start, (nuint)(end - start), line.Contains((byte)'/') && access[1] == '-' && access[3] == 'p');
            return true;
        }
    }
}
