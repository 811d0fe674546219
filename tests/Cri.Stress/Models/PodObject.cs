namespace Cri.Stress.Models;

/// <summary>A pod, or a container of one, that was ever seen under a name.</summary>
/// <param name="Id">Its id.</param>
/// <param name="PodId">The pod's id; of a pod its own.</param>
/// <param name="Name">The container's name in the pod; empty for a pod.</param>
/// <param name="Variant">What it was asked to be: two requests of a name are identical if they want the same variant.</param>
public sealed record PodObject(string Id, string PodId, string Name, string Variant)
{
    /// <summary>The variant of containers that end by themselves.</summary>
    public const string Brief = "brief";

    /// <summary>True for a container that ends by itself.</summary>
    public bool IsBrief => Variant.StartsWith(Brief, StringComparison.Ordinal);

    /// <summary>True for a pod.</summary>
    public bool IsPod => Id == PodId;
}
