using System.Text.Json;
using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>Runs plugins and understands their answers.</summary>
internal sealed class PluginInvoker(CniOptions options)
{
    /// <summary>Calls a plugin. The answer is what it printed; null for an empty answer, which only ADD may not give.</summary>
    /// <exception cref="CniException">It failed in any way; the message says how, with the plugin's own words.</exception>
    internal async Task<JsonElement?> CallAsync(PluginRequest request, CancellationToken cancellationToken)
    {
        var result = await RunAsync(request, cancellationToken);
        return result.End switch
        {
            CommandEnd.Exited when result.Exit.Code == 0 => Answer(request, result),
            CommandEnd.Exited => throw Refused(request, result),
            CommandEnd.Cancelled => throw new OperationCanceledException(
                $"{request.Subject} was given up and the plugin killed", cancellationToken),
            CommandEnd.TimedOut => throw Killed(
                request, CniFailure.Timeout, $"did not end within {options.PluginTimeout.TotalSeconds:0.###} s", result),
            _ => throw Killed(request, CniFailure.InvalidResult, "printed more than a result may have", result),
        };
    }

    private async Task<CommandResult> RunAsync(PluginRequest request, CancellationToken cancellationToken)
    {
        var path = Find(request);
        using var turn = await PluginTurn.TakeAsync(
            AttachmentCache.TurnOf(options.CacheDir, request.Attachment), options.PluginTimeout, cancellationToken);
        var command = new CommandOptions
        {
            Path = path,
            Arguments = [path],
            Environment = request.Environment(options),
            Input = request.Input(),
            Timeout = options.PluginTimeout,
            Held = turn?.Handle,
        };
        try
        {
            return await Command.RunAsync(command, cancellationToken);
        }
        catch (LinuxException e)
        {
            throw Failed(request, CniFailure.PluginMissing, $"the plugin cannot be started: {e.Message}", e);
        }
    }

    private string Find(PluginRequest request)
    {
        var name = request.Plugin.Type;
        return options.BinDirs.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists)
            ?? throw Failed(request, CniFailure.PluginMissing, $"there is no file {name} in {string.Join(" or ", options.BinDirs)}");
    }

    private static JsonElement? Answer(PluginRequest request, CommandResult result)
    {
        if (request.Command != "ADD")
        {
            return null;
        }

        return TryParse(result.Output) ?? throw Failed(
            request,
            CniFailure.InvalidResult,
            $"exited with 0 but printed no JSON result: \"{PluginText.Excerpt(result.Output.Span)}\"{Complaint(result)}");
    }

    // An error has a code and a message, and perhaps details (section 5).
    private static CniException Refused(PluginRequest request, CommandResult result)
    {
        if (TryParse(result.Output) is { } error && Text(error, "msg") is { } message)
        {
            var code = Number(error, "code");
            var details = Text(error, "details") is { Length: > 0 } text ? $": {PluginText.Excerpt(text)}" : "";
            var words = $"{PluginText.Excerpt(message)}{details}{(code is null ? "" : $" (code {code})")}";
            return Failed(request, CniFailure.PluginFailed, words, null, code);
        }

        var ending = result.Exit.Signal != 0 ? $"was killed by signal {result.Exit.Signal}" : $"exited with {result.Exit.Code}";
        var printed = result.Output.IsEmpty ? "" : $"; it printed \"{PluginText.Excerpt(result.Output.Span)}\"";
        return Failed(request, CniFailure.PluginFailed, $"{ending} without a JSON error{printed}{Complaint(result)}");
    }

    private static JsonElement? TryParse(ReadOnlyMemory<byte> output)
    {
        try
        {
            var json = JsonFields.Parse(output);
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Number(JsonElement json, string key) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static string Complaint(CommandResult result) =>
        result.ErrorOutput.IsEmpty ? "" : $"; on its standard error: \"{PluginText.Excerpt(result.ErrorOutput.Span)}\"";

    private static CniException Killed(PluginRequest request, CniFailure failure, string reason, CommandResult result) =>
        Failed(request, failure, $"{reason} and was killed{Complaint(result)}");

    private static CniException Failed(
        PluginRequest request, CniFailure failure, string words, Exception? inner = null, int? code = null) =>
        new(failure, $"{request.Subject}: {words}", inner) { Plugin = request.Plugin.Type, Code = code };
}
