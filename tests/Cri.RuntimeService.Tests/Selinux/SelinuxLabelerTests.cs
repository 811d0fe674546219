using Cri.RuntimeService.Selinux;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Selinux;

public class SelinuxLabelerTests
{
    private static readonly V1.LinuxContainerSecurityContext _plain = new();
    private readonly SelinuxLabeler _labeler = new(Policy(_ => true), new SelinuxCategories(count: 2));

    [Fact]
    public void Acquire_NothingAsked_HasThePolicysTypesAndALevelOfItsOwn()
    {
        var labels = _labeler.Acquire(null);

        Assert.Equal("system_u:system_r:container_t:s0:c0,c1", labels.Process);
        Assert.Equal("system_u:object_r:container_file_t:s0:c0,c1", labels.Mount);
        Assert.Throws<RpcException>(() => _labeler.Acquire(null));
    }

    [Fact]
    public void Release_ThenAcquire_GivesTheLevelAgain()
    {
        var labels = _labeler.Acquire(null);
        _labeler.Release(labels);

        Assert.Equal(labels, _labeler.Acquire(null));
    }

    [Fact]
    public void Restore_OfAPodFromBefore_KeepsItsLevel()
    {
        _labeler.Restore(new SelinuxLabels("u:r:t:s0:c0,c1", "u:r:f:s0:c0,c1"));

        Assert.Throws<RpcException>(() => _labeler.Acquire(null));
    }

    [Fact]
    public void Acquire_Options_ChangeTheProcessAndTheLevelOfItsFiles()
    {
        var labels = _labeler.Acquire(new V1.SELinuxOption { User = "me_u", Role = "me_r", Type = "me_t", Level = "s0:c7,c8" });

        Assert.Equal("me_u:me_r:me_t:s0:c7,c8", labels.Process);
        Assert.Equal("me_u:object_r:container_file_t:s0:c7,c8", labels.Mount);
    }

    [Fact]
    public void Acquire_LabelThatThePolicyDoesNotKnow_IsInvalidAndHoldsNothing()
    {
        var categories = new SelinuxCategories(count: 2);
        var strict = new SelinuxLabeler(Policy(label => !label.Contains("wrong", StringComparison.Ordinal)), categories);

        var error = Assert.Throws<RpcException>(() => strict.Acquire(new V1.SELinuxOption { Type = "wrong" }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("s0:c0,c1", categories.Allocate("s0"));
    }

    [Fact]
    public void OfContainer_NothingAsked_HasThePodsLabels()
    {
        var pod = _labeler.Acquire(null);

        Assert.Equal(pod, _labeler.OfContainer(pod, _plain));
    }

    [Fact]
    public void OfContainer_Privileged_HasNoProcessLabel()
    {
        var pod = _labeler.Acquire(null);

        Assert.Equal(pod with { Process = null }, _labeler.OfContainer(pod, new V1.LinuxContainerSecurityContext { Privileged = true }));
    }

    [Fact]
    public void OfContainer_OptionsWithoutALevel_KeepsThePodsLevel()
    {
        var pod = _labeler.Acquire(null);

        var labels = _labeler.OfContainer(pod, new V1.LinuxContainerSecurityContext { SelinuxOptions = new V1.SELinuxOption { Type = "me_t" } });

        Assert.Equal("system_u:system_r:me_t:s0:c0,c1", labels.Process);
    }

    [Fact]
    public void Acquire_WithoutAPolicy_IsNone()
    {
        var none = new SelinuxLabeler(null, new SelinuxCategories());

        Assert.Equal(SelinuxLabels.None, none.Acquire(new V1.SELinuxOption { Type = "me_t" }));
        Assert.Equal(SelinuxLabels.None, none.OfContainer(SelinuxLabels.None, _plain));
    }

    private static SelinuxPolicy Policy(Predicate<string> isValid) => new(
        SelinuxLabel.Parse("system_u:system_r:container_t:s0")!, SelinuxLabel.Parse("system_u:object_r:container_file_t:s0")!, isValid);
}
