using Cri.Linux;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>The signal that asks a container to end: the request's, else the image's, else SIGTERM.</summary>
public static class StopSignal
{
    // The CRI's enum lists signals by name in alphabetical order; from SIGRTMIN on it counts like the kernel.
    private const int FirstRealTime = 34;

    /// <summary>The signal number. A stop signal in the image that is not a signal counts as SIGTERM.</summary>
    public static int Resolve(V1.Signal requested, string? image) => requested != V1.Signal.RuntimeDefault
        ? FromCri(requested)
        : image is { Length: > 0 } && SignalNames.Parse(image) is { } number ? number : Signals.SigTerm;

    /// <summary>The CRI's name for a signal number.</summary>
    public static V1.Signal ToCri(int number)
    {
        foreach (var value in Enum.GetValues<V1.Signal>())
        {
            if (value != V1.Signal.RuntimeDefault && FromCri(value) == number)
            {
                return value;
            }
        }

        return V1.Signal.RuntimeDefault;
    }

    private static int FromCri(V1.Signal signal) => signal >= V1.Signal.Sigrtmin
        ? FirstRealTime + (signal - V1.Signal.Sigrtmin)
        : SignalNames.Parse(signal.ToString()) ?? Signals.SigTerm;
}
