namespace Cri.ImageService.Signatures;

/// <summary>What an image policy does with the images it is for.</summary>
public enum PolicyAction
{
    /// <summary>They may be pulled as they are.</summary>
    Accept,

    /// <summary>They may not be pulled.</summary>
    Reject,

    /// <summary>They may be pulled when they are signed.</summary>
    Require,
}
