using Cri.Api.V1;
using Cri.Stress.Histories;
using Cri.Stress.Models;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>Ends a game: everything is removed by further calls of its history, and then it is checked.</summary>
/// <param name="caller">Who calls.</param>
/// <param name="game">The game; nobody else plays it any more.</param>
/// <param name="busybox">An image that is always here.</param>
public sealed class PodGameEnd(Caller caller, PodGame game, string busybox)
{
    private const string LastVariant = "b";
    private readonly PodCalls _calls = new(caller, game, busybox);

    /// <summary>Removes all pods of the name, also those that a call which its client gave up makes only now.</summary>
    public async Task ClearAsync()
    {
        await RemoveListedAsync();

        // When the name can be had, nobody is making a pod of it any more.
        await Eventually.GetAsync(() => LastAsync(), answer => answer.IsOk || answer.Code is not StatusCode.AlreadyExists, $"the name {game.Name} is free");
        await RemoveListedAsync();
        await _calls.ListAsync();
        await _calls.ListContainersAsync();
    }

    /// <summary>Waits for the last events, then checks; the violations, none if all is well.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync()
    {
        try
        {
            await Eventually.HoldsAsync(
                () => game.Events.With(ContainerEventType.ContainerDeletedEvent).IsSupersetOf(game.Objects.Select(item => item.Id)), "all is told to be deleted");
        }
        catch (TimeoutException)
        {
            var lost = game.Objects.Select(item => item.Id).Except(game.Events.With(ContainerEventType.ContainerDeletedEvent));
            return [$"no deletion was told of {string.Join(", ", lost)}"];
        }

        var history = game.History.Calls;
        var model = new PodModel(game.Objects, game.Events.With(ContainerEventType.ContainerStartedEvent));
        return [.. game.Events.Violations, .. game.Violations, .. new[] { new LinearizabilityCheck(model).Run(history) }.OfType<string>()];
    }

    private async Task<Answer> LastAsync()
    {
        var answer = await _calls.RunAsync(LastVariant, null);
        if (!answer.IsOk)
        {
            await RemoveListedAsync();
        }

        return answer;
    }

    private async Task RemoveListedAsync()
    {
        var listed = await _calls.ListAsync();
        foreach (var pod in listed.Objects?.Keys ?? [])
        {
            await _calls.StopAsync(pod, null);
            await _calls.RemoveAsync(pod, null);
        }
    }
}
