using Cri.Stress.Histories;
using Grpc.Core;

namespace Cri.Stress.Models;

/// <summary>An image of one name, here or not; every step that brings or removes it needs a call for it.</summary>
/// <param name="id">The id it must have.</param>
public sealed class ImageModel(string id) : Model
{
    private const byte Present = 1;

    /// <inheritdoc/>
    public override byte[] Initial => [0];

    /// <inheritdoc/>
    public override Pending Expect(Call call) => new(call, call.Answer.IsUnknown ? [] : [Sees(call)]);

    /// <inheritdoc/>
    public override IEnumerable<Step> Steps(Situation now)
    {
        var isPresent = now.State[0] == Present;
        var pulls = now.Where(call => call.Verb == Verb.PullImage && call.Answer.IsOk).Any();
        if (isPresent && now.Where(call => call.Verb == Verb.RemoveImage).Any())
        {
            yield return new Step(0, 0);
        }
        else if (!isPresent && pulls)
        {
            yield return new Step(0, Present);
        }
        else if (!isPresent)
        {
            // A client that gave up may have been the last who wanted it, or not: the pull brings it once at most.
            foreach (var call in now.Where(call => call.Verb == Verb.PullImage && call.Answer.IsUnknown).Where(now.IsUnused))
            {
                yield return new Step(0, Present, call);
            }
        }
    }

    /// <inheritdoc/>
    public override bool IsFinal(byte[] state) => state[0] == 0;

    /// <inheritdoc/>
    public override string Describe(byte[] state) => state[0] == Present ? "the image is here" : "the image is not here";

    private Func<Situation, bool> Sees(Call call) => (call.Verb, call.Answer.Code) switch
    {
        (Verb.PullImage, StatusCode.OK) when call.Answer.Text == id => IsHere,
        (Verb.RemoveImage, StatusCode.OK) => IsAway,
        (Verb.ImageStatus or Verb.ListImages, StatusCode.OK) when call.Answer.Text == id => IsHere,
        (Verb.ImageStatus or Verb.ListImages, StatusCode.OK) when call.Answer.Text.Length == 0 => IsAway,
        (Verb.CreateContainer, StatusCode.OK) => IsHere,
        (Verb.CreateContainer, StatusCode.NotFound) when PodExpectations.IsAboutImage(call) => IsAway,

        // Refused for its pod, or for the name, before or after the image was looked for.
        (Verb.CreateContainer, StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists) => _ => true,
        _ => _ => false,
    };

    private static bool IsHere(Situation now) => now.State[0] == Present;

    private static bool IsAway(Situation now) => now.State[0] != Present;
}
