using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// The names in use, each with the request that took it. A second identical request joins the first, whether that is
/// still under way or done; a different one under the same name is refused at once with the id that holds it.
/// </summary>
/// <param name="kind">What is named, for error texts: <c>pod sandbox</c>.</param>
public sealed class NameRegistry(string kind)
{
    private readonly ConcurrentDictionary<string, Holder> _names = new(StringComparer.Ordinal);

    /// <summary>What is named.</summary>
    public string Kind => kind;

    /// <summary>Every name that an object holds, with its id; those of creations that are under way are left out.</summary>
    public IReadOnlyCollection<(string Name, string Id)> Held =>
        [.. _names.Where(pair => pair.Value.Done.Task.IsCompletedSuccessfully).Select(pair => (pair.Key, pair.Value.Id))];

    /// <summary>
    /// Runs <paramref name="create"/> for the first request of a name and answers the id it made. The work goes on when its
    /// caller gives up, so that the caller's next identical request finds it done; if it fails, the name is free again.
    /// Throws ALREADY_EXISTS when the name is held by a different request.
    /// </summary>
    public Task<string> RunOnceAsync(
        string name, IMessage request, Func<bool> stillUsable, string id, Func<Task> create, CancellationToken cancellationToken)
    {
        var mine = new Holder(id, request, stillUsable);
        var holder = _names.GetOrAdd(name, mine);
        if (ReferenceEquals(holder, mine))
        {
            _ = CreateAsync(name, mine, create);
        }
        else if (!holder.Request.Equals(request) || (holder.Done.Task.IsCompletedSuccessfully && !holder.StillUsable()))
        {
            throw new RpcException(new Status(
                StatusCode.AlreadyExists, $"{kind} name \"{name}\" is in use by {holder.Id}; remove it or use another attempt number"));
        }

        return holder.Done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes a name for an object that was found again; when another object has it by now, that keeps it.</summary>
    public void Restore(string name, string id, IMessage request, Func<bool> stillUsable)
    {
        var holder = new Holder(id, request, stillUsable);
        holder.Done.SetResult(id);
        _names.TryAdd(name, holder);
    }

    /// <summary>Frees a name if <paramref name="id"/> holds it.</summary>
    public void Release(string name, string id)
    {
        if (_names.TryGetValue(name, out var holder) && holder.Id == id)
        {
            _names.TryRemove(KeyValuePair.Create(name, holder));
        }
    }

    private async Task CreateAsync(string name, Holder holder, Func<Task> create)
    {
        try
        {
            await create();
            holder.Done.SetResult(holder.Id);
        }
        catch (Exception error)
        {
            _names.TryRemove(KeyValuePair.Create(name, holder));
            holder.Done.SetException(error);
            _ = holder.Done.Task.Exception; // observed: the callers may all have gone
        }
    }

    private sealed record Holder(string Id, IMessage Request, Func<bool> StillUsable)
    {
        public TaskCompletionSource<string> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
