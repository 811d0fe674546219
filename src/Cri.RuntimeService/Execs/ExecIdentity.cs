using System.Buffers.Binary;
using System.Globalization;
using Cri.Linux;
using Cri.Linux.Scripts;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Execs;

/// <summary>How a process that is made without an OCI runtime becomes who it is to be: user, groups, capabilities (credentials(7)).</summary>
internal static class ExecIdentity
{
    private const long SetKeepCapabilities = 8; // PR_SET_KEEPCAPS
    private const long DropFromBoundingSet = 24; // PR_CAPBSET_DROP
    private const long Ambient = 47; // PR_CAP_AMBIENT
    private const long AmbientRaise = 2;
    private const long AmbientClear = 4;
    private const long Unchanged = -1;
    private const uint CapabilityVersion3 = 0x20080522;

    private static readonly int _lastCapability = int.Parse(SmallFile.ReadText("/proc/sys/kernel/cap_last_cap"), CultureInfo.InvariantCulture);

    /// <summary>Gives up for good what it is never to have.</summary>
    public static void DropFromBounding(SystemCallScript script, ProcessSpec process)
    {
        var bounding = Capabilities.Mask(process.Capabilities?.Bounding);
        foreach (var number in Enumerable.Range(0, _lastCapability + 1).Where(number => (bounding >> number & 1) == 0))
        {
            script.Must(SystemCall.Control, DropFromBoundingSet, number);
        }
    }

    /// <summary>Makes its streams its own, so that it can open them again by <c>/dev/stdout</c>.</summary>
    /// <param name="script">What does it.</param>
    /// <param name="process">The process to make.</param>
    /// <param name="pipes">Which of them are pipes of its own.</param>
    public static void GiveStreams(SystemCallScript script, ProcessSpec process, IReadOnlyList<int> pipes)
    {
        foreach (var pipe in pipes)
        {
            script.Must(SystemCall.ChangeOwner, pipe, process.User.Uid, Unchanged);
        }
    }

    /// <summary>Takes its groups.</summary>
    public static void TakeGroups(SystemCallScript script, ProcessSpec process)
    {
        var groups = process.User.AdditionalGids ?? [];
        script.Must(SystemCall.SetGroups, groups.Count, Words(script, [.. groups]));
        script.Must(SystemCall.SetGroup, process.User.Gid, process.User.Gid, process.User.Gid);
    }

    /// <summary>Becomes the user, with no more capabilities than it is to have.</summary>
    public static void TakeUser(SystemCallScript script, ProcessSpec process)
    {
        script.Must(SystemCall.Control, SetKeepCapabilities, 1);
        script.Must(SystemCall.SetUser, process.User.Uid, process.User.Uid, process.User.Uid);
        script.Must(SystemCall.Control, SetKeepCapabilities, 0);
        TakeCapabilities(script, process.Capabilities);
    }

    private static void TakeCapabilities(SystemCallScript script, CapabilitiesSpec? sets)
    {
        var (effective, permitted, inheritable) =
            (Capabilities.Mask(sets?.Effective), Capabilities.Mask(sets?.Permitted), Capabilities.Mask(sets?.Inheritable));
        script.Must(
            SystemCall.SetCapabilities,
            Words(script, CapabilityVersion3, 0),
            Words(
                script,
                (uint)effective, (uint)permitted, (uint)inheritable,
                (uint)(effective >> 32), (uint)(permitted >> 32), (uint)(inheritable >> 32)));
        script.Must(SystemCall.Control, Ambient, AmbientClear);
        var ambient = Capabilities.Mask(sets?.Ambient);
        foreach (var number in Enumerable.Range(0, Capabilities.Count).Where(number => (ambient >> number & 1) == 1))
        {
            script.Must(SystemCall.Control, Ambient, AmbientRaise, number);
        }
    }

    private static ScriptArgument Words(SystemCallScript script, params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[sizeof(uint) * words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(sizeof(uint) * i), words[i]);
        }

        return script.Bytes(bytes);
    }
}
