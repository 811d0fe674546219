using Cri.RuntimeService.Runtimes;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>Status: whether runtime and network are ready, and why not.</content>
public sealed partial class RuntimeServer
{
    /// <inheritdoc/>
    public override Task<V1.StatusResponse> Status(V1.StatusRequest request, ServerCallContext context)
    {
        var cni = network.Status;
        var response = new V1.StatusResponse
        {
            Status = new V1.RuntimeStatus
            {
                Conditions =
                {
                    new V1.RuntimeCondition { Type = "RuntimeReady", Status = true },
                    new V1.RuntimeCondition { Type = "NetworkReady", Status = cni.Ready, Reason = cni.Reason, Message = cni.Message },
                },
            },
            RuntimeHandlers =
            {
                // The empty name stands for the default handler.
                runtimes.Handlers.Select(runtime => (Name: runtime.Handler, Runtime: runtime)).Prepend(("", runtimes.Default)).Select(Handler),
            },
            Features = new V1.RuntimeFeatures { SupplementalGroupsPolicy = true },
        };
        if (request.Verbose)
        {
            response.Info.Add(verbose.OfServer());
        }

        return Task.FromResult(response);
    }

    private V1.RuntimeHandler Handler((string Name, OciRuntime Runtime) handler) => new()
    {
        Name = handler.Name,
        Features = new V1.RuntimeHandlerFeatures
        {
            RecursiveReadOnlyMounts = HandlerFeatures.RecursiveReadOnly(handler.Runtime),
            UserNamespaces = features.UserNamespaces(handler.Runtime),
        },
    };
}
