using Grpc.Core;

namespace Cri.RuntimeService.Selinux;

/// <summary>
/// The multi-category levels in use. Each pod gets two categories that no other pod on this node has, so that processes of
/// the same type cannot reach each other's files.
/// </summary>
/// <param name="count">The number of categories, at least 2; the usual policies have 1024.</param>
public sealed class SelinuxCategories(int count = 1024)
{
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Takes a level of this sensitivity that nobody has: <c>s0:c17,c803</c>. Throws RESOURCE_EXHAUSTED when there is none.</summary>
    public string Allocate(string sensitivity)
    {
        lock (_lock)
        {
            var first = Random.Shared.Next(Pairs);
            for (var i = 0; i < Pairs; i++)
            {
                var level = $"{sensitivity}:{Pair((first + i) % Pairs)}";
                if (_users.TryAdd(level, 1))
                {
                    return level;
                }
            }
        }

        throw new RpcException(new Status(StatusCode.ResourceExhausted, "all SELinux category pairs are in use"));
    }

    /// <summary>Notes one more user of a level that a pod asked for, or that one had before a restart.</summary>
    public void Reserve(string level)
    {
        lock (_lock)
        {
            _users[level] = _users.GetValueOrDefault(level) + 1;
        }
    }

    /// <summary>Notes one user less; the last one frees the level.</summary>
    public void Release(string level)
    {
        lock (_lock)
        {
            if (_users.TryGetValue(level, out var users) && users > 1)
            {
                _users[level] = users - 1;
            }
            else
            {
                _users.Remove(level);
            }
        }
    }

    private int Pairs => count * (count - 1) / 2;

    // The pairs in order: 0,1 0,2 1,2 0,3 1,3 2,3 and so on.
    private static string Pair(int number)
    {
        var high = (int)((1 + Math.Sqrt(1 + (8.0 * number))) / 2);
        return $"c{number - (high * (high - 1) / 2)},c{high}";
    }
}
