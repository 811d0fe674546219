using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Handles the calls of one method: whatever happens, the caller gets a status.</summary>
internal abstract class CallHandler(string serviceName, string fullName)
{
    /// <summary>The service with its package.</summary>
    public string ServiceName { get; } = serviceName;

    /// <summary>The path of the method's requests.</summary>
    public string FullName { get; } = fullName;

    /// <summary>Runs one call to its end and sends its status. Never throws.</summary>
    public async Task HandleAsync(ServerCall call, HandlerSettings settings)
    {
        Status status;
        try
        {
            call.CheckProtocol();
            await InvokeAsync(call, settings);
            status = call.Status;
        }
        catch (Exception e)
        {
            status = call.StatusOf(e);
        }

        await call.SendStatusAsync(status);
    }

    /// <summary>Reads the request, calls the method, writes the response.</summary>
    protected abstract Task InvokeAsync(ServerCall call, HandlerSettings settings);

    /// <summary>Reads and parses the one request of a call.</summary>
    protected static async Task<T> ReadRequestAsync<T>(ServerCall call, Marshaller<T> marshaller, int maxMessageSize)
        where T : class
    {
        var request = await RequestReader.ReadSingleAsync(call.RequestBody, marshaller, maxMessageSize, call.CancellationToken);
        call.CancellationToken.ThrowIfCancellationRequested();
        return request;
    }

    /// <summary>Puts a response into the response body without sending it yet.</summary>
    protected static void WriteResponse<T>(ServerCall call, Marshaller<T> marshaller, T message, int maxMessageSize)
    {
        FramedMessageWriter.Write(marshaller, message, call.ResponseBody, maxMessageSize);
        call.HasMessage = true;
    }
}
