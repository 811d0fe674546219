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
            try
            {
                return await call;
            }
            catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
            {
                throw new CommandFailure(what, e.Status.Detail.Length > 0 ? e.Status.Detail : Words(e.StatusCode));
            }
        }
    }

    private static string Words(StatusCode code) =>
        string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
