using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Ttrpc;

/// <summary>
/// Any values in the way containerd writes them: the type URL is the bare full name of a message, without a host, or a
/// made-up name for JSON. Written without descriptors, so that they can be trimmed.
/// </summary>
public static class TypeUrl
{
    /// <summary>The runtime options.</summary>
    public const string RuncOptions = "containerd.runc.v1.Options";

    /// <summary>The options of Checkpoint.</summary>
    public const string CheckpointOptions = "containerd.runc.v1.CheckpointOptions";

    /// <summary>Tells which exec a pid belongs to.</summary>
    public const string ProcessDetails = "containerd.runc.v1.ProcessDetails";

    /// <summary>The options of our shim's CreateSandbox.</summary>
    public const string SandboxOptions = "crisp.shim.v1.SandboxOptions";

    /// <summary>The numbers that our shim's Stats gives.</summary>
    public const string Stats = "crisp.shim.v1.Stats";

    /// <summary>JSON of the process part of a runtime configuration, for Exec.</summary>
    public const string Process = "types.containerd.io/opencontainers/runtime-spec/1/Process";

    /// <summary>JSON of the linux.resources part of a runtime configuration, for Update.</summary>
    public const string Resources = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

    /// <summary>Packs a message.</summary>
    public static Any Pack(string typeUrl, IMessage message) => new() { TypeUrl = typeUrl, Value = message.ToByteString() };

    /// <summary>Packs JSON.</summary>
    public static Any PackJson(string typeUrl, ReadOnlySpan<byte> json) => new() { TypeUrl = typeUrl, Value = ByteString.CopyFrom(json) };

    /// <summary>True when the value is of that type, whatever host precedes it.</summary>
    public static bool Is(Any? value, string typeUrl) =>
        value is not null && (value.TypeUrl == typeUrl || value.TypeUrl.EndsWith('/' + typeUrl, StringComparison.Ordinal));
}
