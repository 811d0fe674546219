using System.Runtime.InteropServices;

namespace Cri.Cli;

/// <summary>Ctrl-C and SIGTERM as a token: the first asks the command to clean up, a second ends the process at once.</summary>
internal static class Interruption
{
    private static readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>A token that the first signal cancels.</summary>
    public static CancellationToken Token()
    {
        var source = new CancellationTokenSource();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = !source.IsCancellationRequested;
                source.Cancel();
            }));
        }

        return source.Token;
    }
}
