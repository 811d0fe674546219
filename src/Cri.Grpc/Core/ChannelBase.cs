namespace Grpc.Core;

/// <summary>Something that leads to a server.</summary>
public abstract class ChannelBase
{
    /// <summary>An invoker whose calls go there.</summary>
    public abstract CallInvoker CreateCallInvoker();
}
