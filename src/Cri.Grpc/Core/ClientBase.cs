namespace Grpc.Core;

/// <summary>What generated clients have in common: the invoker they call through.</summary>
public abstract class ClientBase
{
    /// <summary>A client over a channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this(channel.CreateCallInvoker())
    {
    }

    /// <summary>A client over an invoker.</summary>
    protected ClientBase(CallInvoker callInvoker) => CallInvoker = callInvoker;

    /// <summary>A client configured like another.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : this(configuration.CallInvoker)
    {
    }

    /// <summary>A client that can make no calls, for test doubles that override its methods.</summary>
    protected ClientBase()
        : this(UnconfiguredCallInvoker.Instance)
    {
    }

    /// <summary>Where calls go.</summary>
    protected CallInvoker CallInvoker { get; }

    /// <summary>What a client hands to its copies.</summary>
    protected internal sealed class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker callInvoker) => CallInvoker = callInvoker;

        internal CallInvoker CallInvoker { get; }
    }
}

/// <summary>A generated client of type <typeparamref name="T"/>.</summary>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <inheritdoc/>
    protected ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <inheritdoc/>
    protected ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <inheritdoc/>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <inheritdoc/>
    protected ClientBase()
    {
    }

    /// <summary>The same client over another host's configuration.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
