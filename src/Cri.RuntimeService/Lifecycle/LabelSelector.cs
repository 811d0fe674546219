namespace Cri.RuntimeService.Lifecycle;

/// <summary>The label selectors of the CRI's filters: every pair must be there, exactly.</summary>
public static class LabelSelector
{
    /// <summary>True when the labels hold every pair of the selector.</summary>
    public static bool Matches(IDictionary<string, string> labels, IDictionary<string, string> selector)
    {
        foreach (var (name, value) in selector)
        {
            if (!labels.TryGetValue(name, out var actual) || actual != value)
            {
                return false;
            }
        }

        return true;
    }
}
