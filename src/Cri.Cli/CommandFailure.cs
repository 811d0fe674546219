using Grpc.Core;

namespace Cri.Cli;

/// <summary>A command that failed: what it was doing, and why that did not work.</summary>
internal sealed class CommandFailure(string what, string why, int exitCode = 1) : Exception($"{what}: {why}")
{
    /// <summary>The exit code when the command line is wrong.</summary>
    public const int UsageExitCode = 2;

    /// <summary>What the process exits with.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>A failure of whoever typed the command line.</summary>
    public static CommandFailure OfUsage(string what, string why) => new(what, why, UsageExitCode);

    /// <summary>A failure in one line, for any exception that a command may end with; null for a bug.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        CommandFailure failure => failure.Message,
        RpcException { StatusCode: StatusCode.Cancelled } => "interrupted",
        OperationCanceledException => "interrupted",
        RpcException rpc => $"{Words(rpc.StatusCode)}: {rpc.Status.Detail}",
        IOException or UnauthorizedAccessException => exception.Message,
        _ => null,
    };

    /// <summary>Waits for a call; its failure becomes one of the command, naming what was done.</summary>
    public static async Task<T> ExplainAsync<T>(string what, AsyncUnaryCall<T> call)
    {
        using (call)
        {
            return await ExplainAsync(what, async () => await call);
        }
    }

    /// <summary>Waits for something that makes calls; its failure becomes one of the command, naming what was done.</summary>
    public static async Task<T> ExplainAsync<T>(string what, Func<Task<T>> calls)
    {
        try
        {
            return await calls();
        }
        catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
        {
            throw Of(what, Reason(e.Status));
        }
    }

    // A server that names the operation itself need not be told again.
    private static CommandFailure Of(string what, string why)
    {
        var verb = what.Split(' ')[0];
        var colon = why.IndexOf(": ", StringComparison.Ordinal);
        return colon > 0 && (why[..colon] == verb || why.StartsWith($"{verb} ", StringComparison.Ordinal))
            ? new CommandFailure(colon == verb.Length ? what : why[..colon], why[(colon + 2)..])
            : new CommandFailure(what, why);
    }

    private static string Reason(Status status) =>
        status.StatusCode == StatusCode.Unimplemented && status.Detail.Contains("crisp.v1.", StringComparison.Ordinal)
            ? "the runtime at this address does not offer it: it is not crispd, or an older one"
            : status.Detail.Length > 0 ? status.Detail : Words(status.StatusCode);

    private static string Words(StatusCode code) =>
        string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
