using Cri.Stress.Histories;

namespace Cri.Stress.Models;

/// <summary>
/// A pod's name with all the pods that bore it one after the other, and their containers. What a call does is not one step but
/// as many as the CRI lets others see: StopPodSandbox ends the containers one by one and then the pod, RemovePodSandbox removes them
/// one by one. All else is atomic: one creation for a name, one start, one exit, one removal, and no step without a call for it.
/// </summary>
/// <param name="objects">Everything that was ever seen under the name.</param>
/// <param name="started">The ids of which a started event came: at the end exactly these were started.</param>
public sealed class PodModel(IReadOnlyList<PodObject> objects, IReadOnlySet<string> started) : Model
{
    private readonly PodExpectations _expectations = new(objects);

    /// <inheritdoc/>
    public override byte[] Initial => new byte[2 * objects.Count];

    /// <inheritdoc/>
    public override Pending Expect(Call call) => _expectations.Of(call);

    /// <inheritdoc/>
    public override bool IsFinal(byte[] state) => Enumerable.Range(0, objects.Count).All(index => Phase.Of(state[2 * index]) == Phase.Gone
        && (objects[index].IsPod || ((state[2 * index] & Phase.Started) != 0) == started.Contains(objects[index].Id)));

    /// <inheritdoc/>
    public override string Describe(byte[] state) => string.Join("; ", objects.Select((item, index) =>
        $"{(item.IsPod ? "pod" : item.Name)} {item.Id[..12]} phase {Phase.Of(state[2 * index])}{((state[2 * index] & Phase.Started) != 0 ? " started" : "")} limit {state[(2 * index) + 1]}"));

    /// <inheritdoc/>
    public override IEnumerable<Step> Steps(Situation now)
    {
        for (var index = 0; index < objects.Count; index++)
        {
            foreach (var step in objects[index].IsPod ? OfPod(now, index) : OfContainer(now, index))
            {
                yield return step;
            }
        }
    }

    private IEnumerable<Step> OfPod(Situation now, int index)
    {
        var pod = objects[index];
        switch (now.State[2 * index])
        {
            case Phase.Unborn when !Others(index).Any(other => HoldsName(now.State, other)):
                return Births(now, index, Verb.RunPodSandbox, call => call.Argument == pod.Variant, Phase.Ready);
            case Phase.Ready when Asked(now, pod.Id, Verb.StopPodSandbox, Verb.RemovePodSandbox):
                return [new Step(2 * index, Phase.Stopping)];
            case Phase.Stopping:
                return Stopping(now, pod, index);
            case Phase.Stopped when Asked(now, pod.Id, Verb.RemovePodSandbox)
                && Containers(pod).All(container => IsIn(now, container, Phase.Unborn) || IsIn(now, container, Phase.Gone)):
                return [new Step(2 * index, Phase.Unnamed)];
            case Phase.Unnamed when Asked(now, pod.Id, Verb.RemovePodSandbox):
                return [new Step(2 * index, Phase.Gone)];
            default:
                return [];
        }
    }

    private IEnumerable<Step> Stopping(Situation now, PodObject pod, int index)
    {
        if (now.Where(call => call.Subject == pod.Id && call.Answer.IsUnknown && (call.Verb is Verb.StopPodSandbox or Verb.RemovePodSandbox)).Any())
        {
            yield return new Step(2 * index, Phase.Ready);
        }

        if (Asked(now, pod.Id, Verb.StopPodSandbox, Verb.RemovePodSandbox) && !Containers(pod).Any(container => IsIn(now, container, Phase.Running)))
        {
            yield return new Step(2 * index, Phase.Stopped);
        }
    }

    private IEnumerable<Step> OfContainer(Situation now, int index)
    {
        var container = objects[index];
        var pod = IndexOf(container.PodId);
        var phase = Phase.Of(now.State[2 * index]);
        var flag = (byte)(now.State[2 * index] & Phase.Started);
        if (phase == Phase.Unborn)
        {
            return IsIn(now, pod, Phase.Ready) && !Others(index).Any(other => HoldsName(now.State, other))
                ? Births(now, index, Verb.CreateContainer, call => call.Subject == container.PodId && call.Argument == Argument(container), Phase.Created)
                : [];
        }

        var removal = Asked(now, container.Id, Verb.RemoveContainer)
            || (Asked(now, container.PodId, Verb.RemovePodSandbox) && IsIn(now, pod, Phase.Stopped));
        IEnumerable<Step> steps = phase switch
        {
            Phase.Created when IsIn(now, pod, Phase.Ready) || IsIn(now, pod, Phase.Stopping) =>
                Unused(now, Verb.StartContainer, container.Id).Select(call => new Step(2 * index, Phase.Running | Phase.Started, call)),
            Phase.Running when IsEnded(now, container) || IsIn(now, pod, Phase.Stopping) => [new Step(2 * index, (byte)(Phase.Exited | flag))],
            _ => [],
        };
        if (removal && (phase is Phase.Created or Phase.Exited or Phase.Unnamed))
        {
            steps = steps.Append(new Step(2 * index, (byte)((phase == Phase.Unnamed ? Phase.Gone : Phase.Unnamed) | flag)));
        }

        return phase == Phase.Gone ? steps : steps.Concat(
            Unused(now, Verb.UpdateContainerResources, container.Id).Select(call => new Step((2 * index) + 1, byte.Parse(now.Calls[call].Call.Argument), call)));
    }

    // A call that was told another id, or an error, made nothing. One that does not know what it was told may have made one object.
    private IEnumerable<Step> Births(Situation now, int index, Verb verb, Func<Call, bool> wants, byte phase)
    {
        var id = objects[index].Id;
        if (now.Where(call => call.Verb == verb && call.Answer.IsOk && call.Answer.Text == id && wants(call)).Any())
        {
            return [new Step(2 * index, phase)];
        }

        return now.Where(call => call.Verb == verb && call.Answer.IsUnknown && wants(call)).Where(now.IsUnused).Select(call => new Step(2 * index, phase, call));
    }

    private static IEnumerable<int> Unused(Situation now, Verb verb, string id) =>
        now.Where(call => call.Verb == verb && call.Subject == id && (call.Answer.IsUnknown || call.Answer.IsOk)).Where(now.IsUnused);

    private static bool IsEnded(Situation now, PodObject container) => container.IsBrief
        || Asked(now, container.Id, Verb.StopContainer, Verb.RemoveContainer);

    private static bool Asked(Situation now, string id, Verb one, Verb other = Verb.Event) =>
        now.Where(call => (call.Verb == one || call.Verb == other) && call.Subject == id && call.Verb != Verb.Event).Any();

    private IEnumerable<int> Others(int index) => Enumerable.Range(0, objects.Count).Where(other => other != index
        && objects[other].IsPod == objects[index].IsPod
        && (objects[index].IsPod || (objects[other].PodId == objects[index].PodId && objects[other].Name == objects[index].Name)));

    private static bool HoldsName(byte[] state, int index) => Phase.Of(state[2 * index]) is not (Phase.Unborn or Phase.Unnamed or Phase.Gone);

    private IEnumerable<int> Containers(PodObject pod) =>
        Enumerable.Range(0, objects.Count).Where(index => !objects[index].IsPod && objects[index].PodId == pod.Id);

    private static bool IsIn(Situation now, int index, byte phase) => Phase.Of(now.State[2 * index]) == phase;

    private int IndexOf(string id) => Enumerable.Range(0, objects.Count).First(index => objects[index].Id == id);

    private static string Argument(PodObject container) => $"{container.Name}/{container.Variant}";
}
