using Cri.RuntimeService.Lists;
using Cri.RuntimeService.Sandboxes;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListPodSandbox: all pods that pass the filter.</content>
public sealed partial class RuntimeServer
{
    private static readonly Method<V1.ListPodSandboxRequest, EncodedList> _listPodSandbox =
        EncodedList.Method("ListPodSandbox", V1.ListPodSandboxRequest.Parser);

    private Task<EncodedList> ListPodSandboxAsync(V1.ListPodSandboxRequest request, ServerCallContext context) =>
        Task.FromResult(new EncodedList([.. Matching(request.Filter).Select(SandboxView.ListEntry)]));

    private IEnumerable<V1.PodSandbox> Listed(V1.PodSandboxFilter? filter) => Matching(filter).Select(SandboxView.ListItem);

    private IEnumerable<Sandbox> Matching(V1.PodSandboxFilter? filter) =>
        sandboxes.All.Where(sandbox => SandboxView.Matches(sandbox, filter));
}
