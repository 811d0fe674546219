using System.Text.Json;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Containers;

/// <summary>Turns an exit into the container's record. The shim's exit file has the last word, since only it knows of OOM kills.</summary>
public static class ContainerExit
{
    private const int LostCode = 255;

    /// <summary>Records an exit that the shim reported.</summary>
    public static void Apply(Container container, int exitCode, DateTimeOffset exitedAt)
    {
        Record(container, Read(container) ?? new ExitRecord { ExitCode = exitCode, ExitedAt = exitedAt });
    }

    /// <summary>Records the exit that the shim wrote down; false when there is none.</summary>
    public static bool ApplyFile(Container container)
    {
        if (Read(container) is not { } exit)
        {
            return false;
        }

        Record(container, exit);
        return true;
    }

    /// <summary>Records an exit of which nothing is known but that it happened.</summary>
    public static void ApplyLost(Container container, string why)
    {
        if (!ApplyFile(container))
        {
            container.Update(record => record with
            {
                FinishedAt = Clock.NotBefore(record.StartedAt),
                ExitCode = LostCode,
                Reason = "Unknown",
                Message = why,
                Pid = 0,
            });
        }
    }

    // One that is damaged or cannot be read counts as none: the exit itself must never go unreported.
    private static ExitRecord? Read(Container container)
    {
        try
        {
            return RecordFile.Read(container.Files.Exit, RecordJson.Default.ExitRecord);
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Record(Container container, ExitRecord exit)
    {
        var reason = exit.OomKilled ? "OOMKilled" : exit.ExitCode == 0 ? "Completed" : "Error";
        container.Update(record => record with
        {
            // An exit before the recorded start can only be a clock that was set back.
            FinishedAt = Math.Max(Clock.ToNanoseconds(exit.ExitedAt), record.StartedAt),
            StartedAt = record.StartedAt > 0 ? record.StartedAt : record.CreatedAt,
            ExitCode = exit.ExitCode,
            Reason = reason,
            Pid = 0,
        });
    }
}
