using Cri.Stress.Games;
using Cri.Stress.Histories;
using Grpc.Core;

namespace Cri.Stress.Models;

/// <summary>What each answer about a pod says of it; an answer that says something impossible is one that nothing explains.</summary>
/// <param name="objects">Everything that was ever seen under the name.</param>
internal sealed class PodExpectations(IReadOnlyList<PodObject> objects)
{
    private static readonly Func<Situation, bool> _never = _ => false;

    /// <summary>A call in the model's terms.</summary>
    public Pending Of(Call call) => new(call, call.Answer.IsUnknown ? [] : Sees(call))
    {
        EffectRequired = call.Answer.IsOk && (call.Verb is Verb.StartContainer or Verb.UpdateContainerResources),
    };

    private IReadOnlyList<Func<Situation, bool>> Sees(Call call) => call.Answer switch
    {
        _ when call.Subject == PodGame.Nobody => [IsFitFor(call.Verb, call.Answer) ? _ => true : _never],
        { Objects: { } seen } => [.. objects.Select((item, index) => Shows(call, item, index, seen)).OfType<Func<Situation, bool>>()],
        { IsOk: true } => [Succeeded(call)],
        var refused => [Refused(call, refused.Code!.Value)],
    };

    // Of what there never was: the CRI wants an end and a removal to succeed.
    private static bool IsFitFor(Verb verb, Answer answer) =>
        answer.Code == (verb is Verb.StopContainer or Verb.RemoveContainer ? StatusCode.OK : StatusCode.NotFound);

    private Func<Situation, bool> Succeeded(Call call) => call.Verb switch
    {
        Verb.RunPodSandbox => In(call.Answer.Text, Phase.Ready, Phase.Stopping),
        Verb.CreateContainer => In(call.Answer.Text, Phase.Created),
        Verb.StopPodSandbox => In(call.Subject, Phase.Stopped, Phase.Unnamed, Phase.Gone),
        Verb.RemovePodSandbox or Verb.RemoveContainer => In(call.Subject, Phase.Gone),
        Verb.StopContainer => NotIn(call.Subject, Phase.Running),
        Verb.ExecSync when call.Answer.Text == "killed" => In(call.Subject, Phase.Exited, Phase.Unnamed, Phase.Gone),
        Verb.ExecSync or Verb.Exec or Verb.ReopenContainerLog => In(call.Subject, Phase.Running),
        Verb.ContainerStats => NotIn(call.Subject, Phase.Gone),
        Verb.PodSandboxStats => In(call.Subject, Phase.Ready, Phase.Stopping),
        Verb.StartContainer or Verb.UpdateContainerResources => _ => true,
        Verb.Event => Happened(call),
        _ => _never,
    };

    // An event comes when what it tells of can be seen, or later.
    private Func<Situation, bool> Happened(Call call)
    {
        var index = IndexOf(call.Subject);
        return call.Argument switch
        {
            "ContainerCreatedEvent" => now => now.State[2 * index] != Phase.Unborn,
            "ContainerStartedEvent" => now => objects[index].IsPod ? now.State[2 * index] != Phase.Unborn : (now.State[2 * index] & Phase.Started) != 0,
            "ContainerStoppedEvent" => now => Phase.Of(now.State[2 * index]) >= Phase.Stopped,
            "ContainerDeletedEvent" => now => Phase.Of(now.State[2 * index]) == Phase.Gone,
            _ => _never,
        };
    }

    private Func<Situation, bool> Refused(Call call, StatusCode code) => (code, call.Verb) switch
    {
        (StatusCode.NotFound, Verb.CreateContainer) when IsAboutImage(call) => In(call.Subject, Phase.Ready, Phase.Stopping),
        (StatusCode.NotFound, Verb.CreateContainer or Verb.StartContainer or Verb.ContainerStatus or Verb.ContainerStats or Verb.PodSandboxStatus
            or Verb.PodSandboxStats or Verb.ExecSync or Verb.Exec or Verb.UpdateContainerResources or Verb.ReopenContainerLog) => In(call.Subject, Phase.Gone),
        (StatusCode.AlreadyExists, Verb.RunPodSandbox) => now => NameIsHeld(now, call, item => item.IsPod, item => item.Variant),
        (StatusCode.AlreadyExists, Verb.CreateContainer) =>
            now => NameIsHeld(now, call, item => item.PodId == call.Subject && item.Name == call.Argument.Split('/')[0], item => $"{item.Name}/{item.Variant}"),
        (StatusCode.FailedPrecondition, Verb.UpdateContainerResources or Verb.ExecSync or Verb.ReopenContainerLog) when IsJustEnded(call) =>
            In(call.Subject, Phase.Running, Phase.Exited, Phase.Unnamed),
        (StatusCode.FailedPrecondition, Verb.CreateContainer) => In(call.Subject, Phase.Stopping, Phase.Stopped, Phase.Unnamed),
        (StatusCode.FailedPrecondition, Verb.PodSandboxStats) => In(call.Subject, Phase.Stopped, Phase.Unnamed),
        (StatusCode.FailedPrecondition, Verb.StartContainer) => Either(NotIn(call.Subject, Phase.Created), PodNotReady(call.Subject)),
        (StatusCode.FailedPrecondition, Verb.ExecSync or Verb.Exec or Verb.ReopenContainerLog) => Either(NotIn(call.Subject, Phase.Running), PodNotReady(call.Subject)),
        (StatusCode.FailedPrecondition, Verb.UpdateContainerResources) => Either(In(call.Subject, Phase.Exited, Phase.Unnamed), PodNotReady(call.Subject)),
        _ => _never,
    };

    /// <summary>True for a refusal that speaks of the image: the image's own history is to explain it.</summary>
    internal static bool IsAboutImage(Call call) => call.Answer.Text.Contains("is not on this node", StringComparison.Ordinal) || LostItsImage(call);

    // In the midst of the creation, which had its name by then.
    private static bool LostItsImage(Call call) => call.Answer.Text.Contains(": image sha256:", StringComparison.Ordinal)
        && call.Answer.Text.EndsWith("has been removed", StringComparison.Ordinal);

    // Of a process that has ended, which is only a moment later the container's exit.
    private static bool IsJustEnded(Call call) => call.Answer.Text.Contains("has just ended", StringComparison.Ordinal);

    // Held by an object that the call may not join, or by a call under way that wants something else.
    private bool NameIsHeld(Situation now, Call call, Func<PodObject, bool> isNamesake, Func<PodObject, string> argument)
    {
        for (var index = 0; index < objects.Count; index++)
        {
            var phase = Phase.Of(now.State[2 * index]);
            var joinable = phase == Phase.Created || (objects[index].IsPod && phase == Phase.Stopping);
            if (isNamesake(objects[index]) && phase is not (Phase.Unborn or Phase.Unnamed or Phase.Gone)
                && (argument(objects[index]) != call.Argument || !joinable))
            {
                return true;
            }
        }

        return now.Where(other => other.Verb == call.Verb && !ReferenceEquals(other, call) && other.Argument != call.Argument
            && Name(other) == Name(call)).Any(other => HoldsName(now, other));
    }

    // A failing one gives the name back only after that which it failed of.
    private static bool HoldsName(Situation now, int call) => now.Calls[call].Call.Answer switch
    {
        { IsUnknown: true } => now.IsUnused(call),
        { IsOk: true } => (now.Open[call] & ~Pending.Unused) != 0,
        var answer => answer.Code == StatusCode.FailedPrecondition || LostItsImage(now.Calls[call].Call),
    };

    private static string Name(Call call) => call.Verb == Verb.RunPodSandbox ? "" : $"{call.Subject}/{call.Argument.Split('/')[0]}";

    // A status shows one object, or a pod and its containers; a list all that there are of a kind.
    private static Func<Situation, bool>? Shows(Call call, PodObject item, int index, IReadOnlyDictionary<string, Seen> seen)
    {
        if (seen.TryGetValue(item.Id, out var shown))
        {
            return now => IsShown(item, now.State[2 * index], shown.State)
                && (shown.Limit is not { } limit || now.State[(2 * index) + 1] == limit);
        }

        return call.Verb switch
        {
            Verb.ListPodSandbox when item.IsPod => Absent(index),
            Verb.ListContainers when !item.IsPod => Absent(index),
            Verb.PodSandboxStatus when !item.IsPod && item.PodId == call.Subject => Absent(index),
            Verb.ListContainerStats when !item.IsPod => now => Phase.Of(now.State[2 * index]) != Phase.Running,
            _ => null,
        };
    }

    private static Func<Situation, bool> Absent(int index) => now => Phase.Of(now.State[2 * index]) is Phase.Unborn or Phase.Gone;

    private static bool IsShown(PodObject item, byte value, string state) => (state, Phase.Of(value)) switch
    {
        ("SandboxReady", Phase.Ready or Phase.Stopping) => item.IsPod,
        ("SandboxNotready", Phase.Stopped or Phase.Unnamed) => item.IsPod,
        ("ContainerCreated", Phase.Created) => true,
        ("ContainerCreated", Phase.Unnamed) => (value & Phase.Started) == 0,
        ("ContainerRunning", Phase.Running) => true,
        ("ContainerExited", Phase.Exited) => true,
        ("ContainerExited", Phase.Unnamed) => (value & Phase.Started) != 0,
        _ => false,
    };

    private Func<Situation, bool> PodNotReady(string containerId)
    {
        var pod = IndexOf(objects.First(item => item.Id == containerId).PodId);
        return now => Phase.Of(now.State[2 * pod]) != Phase.Ready;
    }

    private static Func<Situation, bool> Either(Func<Situation, bool> one, Func<Situation, bool> other) => now => one(now) || other(now);

    private Func<Situation, bool> In(string id, params byte[] phases)
    {
        var index = IndexOf(id);
        return index < 0 ? _never : now => phases.Contains(Phase.Of(now.State[2 * index]));
    }

    private Func<Situation, bool> NotIn(string id, byte phase)
    {
        var index = IndexOf(id);
        return index < 0 ? _never : now => Phase.Of(now.State[2 * index]) != phase;
    }

    private int IndexOf(string id)
    {
        for (var index = 0; index < objects.Count; index++)
        {
            if (objects[index].Id == id)
            {
                return index;
            }
        }

        return -1;
    }
}
