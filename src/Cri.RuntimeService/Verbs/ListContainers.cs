using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lists;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListContainers: all containers that pass the filter.</content>
public sealed partial class RuntimeServer
{
    private static readonly Method<V1.ListContainersRequest, EncodedList> _listContainers =
        EncodedList.Method("ListContainers", V1.ListContainersRequest.Parser);

    private Task<EncodedList> ListContainersAsync(V1.ListContainersRequest request, ServerCallContext context) =>
        Task.FromResult(new EncodedList([.. Matching(request.Filter).Select(ContainerView.ListEntry)]));

    private IEnumerable<V1.Container> Listed(V1.ContainerFilter? filter) => Matching(filter).Select(ContainerView.ListItem);

    private IEnumerable<Container> Matching(V1.ContainerFilter? filter) =>
        containers.All.Where(container => ContainerView.Matches(container, filter));
}
