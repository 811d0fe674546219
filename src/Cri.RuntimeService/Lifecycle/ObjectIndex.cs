using System.Collections.Immutable;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// The live objects of one kind by id, as an immutable snapshot that readers take without waiting.
/// </summary>
/// <param name="kind">What it holds, for error texts.</param>
public sealed class ObjectIndex<T>(string kind)
    where T : class
{
    private ImmutableSortedDictionary<string, T> _objects = ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);

    /// <summary>Counts what comes and goes, and what the objects tell of their own changes.</summary>
    public ChangeCount Changes { get; } = new();

    /// <summary>All objects, ordered by id.</summary>
    public IEnumerable<T> All => Volatile.Read(ref _objects).Values;

    /// <summary>The number of objects.</summary>
    public int Count => Volatile.Read(ref _objects).Count;

    /// <summary>Adds or replaces an object.</summary>
    public void Add(string id, T value)
    {
        ImmutableInterlocked.Update(ref _objects, (all, item) => all.SetItem(item.id, item.value), (id, value));
        Changes.Add();
    }

    /// <summary>Removes an object; nothing happens when it is not there.</summary>
    public void Remove(string id)
    {
        ImmutableInterlocked.Update(ref _objects, (all, key) => all.Remove(key), id);
        Changes.Add();
    }

    /// <summary>Finds by id or unambiguous id prefix; null when there is none. Throws INVALID_ARGUMENT for an ambiguous prefix.</summary>
    public T? Find(string idOrPrefix)
    {
        var objects = Volatile.Read(ref _objects);
        if (idOrPrefix.Length == 0)
        {
            return null;
        }

        if (objects.TryGetValue(idOrPrefix, out var exact))
        {
            return exact;
        }

        T? found = null;
        foreach (var (id, value) in objects)
        {
            if (id.StartsWith(idOrPrefix, StringComparison.Ordinal))
            {
                found = found is null ? value : throw new RpcException(new Status(
                    StatusCode.InvalidArgument, $"{kind} id prefix \"{idOrPrefix}\" is ambiguous"));
            }
        }

        return found;
    }

    /// <summary>Finds by id or unambiguous prefix. Throws NOT_FOUND.</summary>
    public T Get(string idOrPrefix) => Find(idOrPrefix)
        ?? throw new RpcException(new Status(StatusCode.NotFound, $"{kind} \"{idOrPrefix}\" not found"));
}
