namespace Cri.Ttrpc.Attach;

/// <summary>What a frame of an attach connection carries.</summary>
public enum AttachFrameKind : byte
{
    /// <summary>Output; all of it with a terminal.</summary>
    Stdout = 1,

    /// <summary>Error output.</summary>
    Stderr = 2,

    /// <summary>How much output was left out here because this client did not read: 8 bytes, little-endian.</summary>
    Skipped = 3,

    /// <summary>The process has ended and this was all of its output. Nothing follows.</summary>
    End = 4,
}
