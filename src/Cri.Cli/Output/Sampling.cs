using Google.Protobuf;

namespace Cri.Cli.Output;

/// <summary>Shows what changes between two readings a second apart, once or until Ctrl-C.</summary>
internal static class Sampling
{
    private const string ClearScreen = "\u001b[H\u001b[J";
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Reads, waits, reads again and shows both; goes on from there when <paramref name="watch"/> is set. As JSON, one reading is shown as it came.
    /// </summary>
    public static async Task<int> RunAsync<T>(Session session, bool watch, Func<Task<T>> read, Func<T, T, TextTable> table)
        where T : IMessage
    {
        var first = await read();
        if (session.Json)
        {
            session.WriteJson(first);
        }
        else
        {
            await ShowAsync(session, first, watch, read, table);
        }

        return 0;
    }

    private static async Task ShowAsync<T>(Session session, T first, bool watch, Func<Task<T>> read, Func<T, T, TextTable> table)
    {
        try
        {
            var before = first;
            do
            {
                await Task.Delay(_interval, session.Interrupted);
                var now = await read();
                session.Terminal.Write((watch && session.Terminal.IsInteractive ? ClearScreen : "") + table(before, now));
                before = now;
            }
            while (watch);
        }
        catch (Exception) when (watch && session.Interrupted.IsCancellationRequested)
        {
            // Ctrl-C is how people end watching.
        }
    }
}
