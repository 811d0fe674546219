using System.Text;

namespace Cri.Oci.Images;

/// <summary>Names a stack of layers by one digest: "Layer ChainID" in config.md of the image specification.</summary>
public static class ChainId
{
    /// <summary>The chain id of <paramref name="diffIds"/>, bottom first; null when there are none.</summary>
    public static Digest? Of(IEnumerable<Digest> diffIds)
    {
        Digest? chain = null;
        foreach (var diffId in diffIds)
        {
            chain = chain is null ? diffId : Digest.OfSha256(Encoding.ASCII.GetBytes($"{chain} {diffId}"));
        }

        return chain;
    }
}
