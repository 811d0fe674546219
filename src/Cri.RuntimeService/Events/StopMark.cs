namespace Cri.RuntimeService.Events;

/// <summary>An empty file beside a pod's or container's record that says its stop was told of.</summary>
internal static class StopMark
{
    /// <summary>Sets the mark; false when it was there.</summary>
    public static bool Set(string path)
    {
        if (File.Exists(path))
        {
            return false;
        }

        try
        {
            using var created = new FileStream(path, FileMode.CreateNew);
            return true;
        }
        catch (IOException)
        {
            // Someone else was first; where a mark cannot be written at all, telling twice is better than never.
            return !File.Exists(path);
        }
    }
}
