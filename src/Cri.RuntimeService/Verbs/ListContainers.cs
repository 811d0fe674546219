using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lists;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <content>ListContainers: all containers that pass the filter.</content>
public sealed partial class RuntimeServer
{
    private static readonly V1.ContainerFilter _noFilter = new();

    private static readonly Method<V1.ListContainersRequest, EncodedList> _listContainers =
        EncodedList.Method("ListContainers", V1.ListContainersRequest.Parser);

    private readonly WholeList _allContainers = new(containers.Changes);

    private Task<EncodedList> ListContainersAsync(V1.ListContainersRequest request, ServerCallContext context) =>
        Task.FromResult(ListEntries(request.Filter));

    private EncodedList ListEntries(V1.ContainerFilter? filter)
    {
        var entries = Matching(filter).Select(ContainerView.ListEntry);
        return filter is null || filter.Equals(_noFilter) ? _allContainers.Of(entries) : new EncodedList([.. entries]);
    }

    private IEnumerable<V1.Container> Listed(V1.ContainerFilter? filter) => Matching(filter).Select(ContainerView.ListItem);

    private IEnumerable<Container> Matching(V1.ContainerFilter? filter) =>
        containers.All.Where(container => ContainerView.Matches(container, filter));
}
