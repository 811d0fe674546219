using System.Text.Json;
using Cri.Linux.Tracing;

namespace Cri.RuntimeService.Cni;

/// <summary>Runs all plugins of an attachment's network, one after the other (section 3 of the CNI specification).</summary>
internal sealed class PluginChain(PluginInvoker invoker)
{
    /// <summary>
    /// ADD through the chain. When a plugin fails, DEL goes to it and to those before it, in reverse, before the error is thrown.
    /// </summary>
    /// <exception cref="CniException">A plugin failed.</exception>
    /// <exception cref="UndoFailedException">A plugin failed, and so did a DEL.</exception>
    internal async Task<JsonElement> AddAsync(Attachment attachment, CancellationToken cancellationToken)
    {
        JsonElement? result = null;
        var attempted = 0;
        try
        {
            foreach (var plugin in attachment.Network.Plugins)
            {
                attempted++;
                using var span = Spans.Begin("CNI ADD", plugin.Type);
                result = await invoker.CallAsync(new PluginRequest("ADD", attachment, plugin, result), cancellationToken);
            }

            return result!.Value;
        }
        catch (Exception e)
        {
            // A plugin that is not there has done nothing, and could not be asked to undo it.
            var ran = e is CniException { Failure: CniFailure.PluginMissing } ? attempted - 1 : attempted;
            await UndoAsync(attachment with { Result = result }, ran, e);
            throw;
        }
    }

    /// <summary>
    /// DEL through the chain in reverse. A plugin that fails does not keep the others from letting go of what they hold; the first
    /// failure is thrown at the end, with the words of the others.
    /// </summary>
    /// <exception cref="CniException">A plugin failed.</exception>
    internal Task DeleteAsync(Attachment attachment, CancellationToken cancellationToken) =>
        DeleteAsync(attachment, attachment.Network.Plugins.Count, cancellationToken);

    /// <summary>Undoes an ADD that the chain has completed, for a cause that came after it.</summary>
    /// <exception cref="UndoFailedException">A DEL failed.</exception>
    internal Task UndoAsync(Attachment attachment, Exception cause) => UndoAsync(attachment, attachment.Network.Plugins.Count, cause);

    /// <summary>CHECK through the chain.</summary>
    /// <exception cref="CniException">A plugin finds that the attachment is not as it was made.</exception>
    internal async Task CheckAsync(Attachment attachment, CancellationToken cancellationToken)
    {
        foreach (var plugin in attachment.Network.Plugins)
        {
            await invoker.CallAsync(new PluginRequest("CHECK", attachment, plugin, attachment.Result), cancellationToken);
        }
    }

    // Each DEL has its own deadline, so this needs no token; the caller's may be cancelled already.
    private async Task UndoAsync(Attachment attachment, int attempted, Exception cause)
    {
        try
        {
            await DeleteAsync(attachment, attempted, CancellationToken.None);
        }
        catch (CniException e)
        {
            throw new UndoFailedException(cause, e);
        }
    }

    private async Task DeleteAsync(Attachment attachment, int count, CancellationToken cancellationToken)
    {
        var result = attachment.Network.TakesResultOnDelete ? attachment.Result : null;
        var failures = new List<CniException>();
        foreach (var plugin in attachment.Network.Plugins.Take(count).Reverse())
        {
            try
            {
                using var span = Spans.Begin("CNI DEL", plugin.Type);
                await invoker.CallAsync(new PluginRequest("DEL", attachment, plugin, result), cancellationToken);
            }
            catch (CniException e)
            {
                failures.Add(e);
            }
        }

        if (failures.Count > 0)
        {
            var first = failures[0];
            var words = string.Join("; ", failures.Select(failure => failure.Message));
            throw new CniException(first.Failure, words, first) { Plugin = first.Plugin, Code = first.Code };
        }
    }
}

/// <summary>An ADD failed, and something of it may be left, because undoing it failed too.</summary>
internal sealed class UndoFailedException(Exception cause, CniException failure) : Exception(failure.Message, cause)
{
    /// <summary>The failure as the caller sees it: that of the ADD, with what the undoing said.</summary>
    internal Exception ToCaller() => InnerException is CniException add
        ? new CniException(add.Failure, $"{add.Message}; undoing it failed too: {Message}", this) { Plugin = add.Plugin, Code = add.Code }
        : InnerException!;
}
