namespace Cri.ImageService.Pull;

/// <summary>What happens to a layer of a pull.</summary>
public enum LayerState
{
    /// <summary>Its turn has not come.</summary>
    Waiting,

    /// <summary>Its bytes are coming, and are extracted as they come.</summary>
    Downloading,

    /// <summary>All its bytes are here, and the rest of them is being extracted.</summary>
    Extracting,

    /// <summary>It is extracted, verified and durable.</summary>
    Done,

    /// <summary>It was here before, or another pull brought it.</summary>
    Present,
}
