using Cri.Grpc.Calls;

namespace Grpc.Core;

/// <summary>The methods of a service with their implementation, ready to be hosted.</summary>
public sealed class ServerServiceDefinition
{
    private ServerServiceDefinition(IReadOnlyList<CallHandler> handlers) => Handlers = handlers;

    /// <summary>
    /// One for each method. Handlers are made where the method's types are known statically: going through a generic virtual
    /// method instead costs a NativeAOT process over 100 KiB of allocations for each of them.
    /// </summary>
    internal IReadOnlyList<CallHandler> Handlers { get; }

    /// <summary>The same, but with another implementation of one method, which may have types of its own for what travels.</summary>
    public ServerServiceDefinition With<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        new([.. Handlers.Where(other => other.FullName != method.FullName), new UnaryCallHandler<TRequest, TResponse>(method, handler)]);

    /// <summary>A builder without methods.</summary>
    public static Builder CreateBuilder() => new();

    /// <summary>Collects methods.</summary>
    public sealed class Builder
    {
        private readonly List<CallHandler> _handlers = [];

        /// <summary>Adds a unary method.</summary>
        public Builder AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
            _handlers.Add(new UnaryCallHandler<TRequest, TResponse>(method, handler));
            return this;
        }

        /// <summary>Adds a server-streaming method.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
            _handlers.Add(new ServerStreamingCallHandler<TRequest, TResponse>(method, handler));
            return this;
        }

        /// <summary>Adds a method with streams both ways.</summary>
        public Builder AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
        {
            _handlers.Add(new DuplexStreamingCallHandler<TRequest, TResponse>(method, handler));
            return this;
        }

        /// <summary>The definition of what was added so far.</summary>
        public ServerServiceDefinition Build() => new([.. _handlers]);
    }
}
