using Cri.Stress.Histories;
using Cri.Testing.Pods;
using Cri.Testing.Registry;

namespace Cri.Stress.Games;

/// <summary>One image's name, which clients pull and remove for a number of calls while containers are made of it.</summary>
/// <param name="Reference">Its reference.</param>
/// <param name="Id">The id that a pull is to answer.</param>
/// <param name="Mark">What its file /mark has in it.</param>
public sealed record ImageGame(string Reference, string Id, string Mark)
{
    /// <summary>All calls about it.</summary>
    public History History { get; } = new();

    /// <summary>Pushes an image of a name of its own, and learns its id by a first pull.</summary>
    public static async Task<ImageGame> CreateAsync(CriEndpoint endpoint, string name)
    {
        var image = new TestImage { Name = $"{name}:latest", Files = [TestFile.Text("mark", name)] };
        var reference = await endpoint.PullAsync(image);
        var spec = new Api.V1.ImageSpec { Image = reference };
        var id = (await endpoint.Images.ImageStatusAsync(new Api.V1.ImageStatusRequest { Image = spec })).Image.Id;
        await endpoint.Images.RemoveImageAsync(new Api.V1.RemoveImageRequest { Image = spec });
        return new ImageGame(reference, id, name);
    }
}
