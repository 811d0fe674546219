using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The open(2) flags; a few differ between x86-64 and arm64.</summary>
internal static class OpenFlags
{
    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int NonBlocking = 0x800;
    internal const int CloseOnExec = 0x80000;
    internal const int Path = 0x200000;

    internal static readonly int Directory = IsArm64 ? 0x4000 : 0x10000;
    internal static readonly int NoFollow = IsArm64 ? 0x8000 : 0x20000;

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
}
