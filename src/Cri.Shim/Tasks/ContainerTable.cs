using Cri.Shim.Exit;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.Shim.Tasks;

/// <summary>The containers of the shim.</summary>
internal sealed class ContainerTable(TaskEnvironment environment)
{
    private const int MaxId = 128;

    private readonly Dictionary<string, Container> _containers = [];
    private readonly Dictionary<string, Task> _creating = [];

    /// <summary>All of them now.</summary>
    public IReadOnlyList<Container> All => [.. _containers.Values];

    /// <summary>True when there is none and none is being made.</summary>
    public bool IsEmpty => _containers.Count == 0 && _creating.Count == 0;

    /// <summary>The container. Throws NOT_FOUND.</summary>
    public Container Find(string id) => _containers.TryGetValue(id, out var container)
        ? container
        : throw new TtrpcException(TtrpcStatusCode.NotFound, $"container {id} does not exist");

    /// <summary>Makes a container. Throws ALREADY_EXISTS when the id is taken.</summary>
    public async Task<Container> CreateAsync(CreateTaskRequest request)
    {
        CheckId(request.Id);
        if (_containers.ContainsKey(request.Id) || _creating.ContainsKey(request.Id))
        {
            throw new TtrpcException(TtrpcStatusCode.AlreadyExists, $"container {request.Id} exists");
        }

        var done = new TaskCompletionSource();
        _creating.Add(request.Id, done.Task);
        try
        {
            return _containers[request.Id] = await Container.CreateAsync(environment, request);
        }
        finally
        {
            _creating.Remove(request.Id);
            done.SetResult();
        }
    }

    /// <summary>
    /// As <see cref="Find"/>, but one that is being made is waited for: whoever asked for it may have died, and who comes next must
    /// not take it for one that never was.
    /// </summary>
    public async Task<Container> FindSettledAsync(string id)
    {
        if (_creating.TryGetValue(id, out var creation))
        {
            await creation;
        }

        return Find(id);
    }

    /// <summary>Completes when those that are being made are, or are not.</summary>
    public Task SettledAsync() => Task.WhenAll(_creating.Values.ToList());

    /// <summary>Removes a container and forgets it; when that fails it stays.</summary>
    public async Task<ProcessExit> DeleteAsync(Container container)
    {
        var exit = await container.DeleteAsync();
        _containers.Remove(container.Id);
        return exit;
    }

    /// <summary>Throws INVALID_ARGUMENT for an id that cannot be part of a file's name.</summary>
    public static void CheckId(string id)
    {
        if (id.Length is 0 or > MaxId || id[0] == '.' || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '+'))
        {
            throw new TtrpcException(TtrpcStatusCode.InvalidArgument, $"\"{id}\" is no valid id");
        }
    }
}
