using System.Runtime.InteropServices;

namespace Cri.Server;

/// <summary>Waits for SIGTERM or SIGINT.</summary>
public static class Termination
{
    /// <summary>Completes with the first of the signals.</summary>
    public static async Task WaitAsync()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Ask(PosixSignalContext context)
        {
            context.Cancel = true;
            asked.TrySetResult();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        await asked.Task;
    }
}
