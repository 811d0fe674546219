using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Tests.Spec;

public class ContainerAppArmorTests
{
    [Theory]
    [InlineData(null, false, ContainerAppArmor.DefaultProfile)]
    [InlineData(ProfileType.RuntimeDefault, false, ContainerAppArmor.DefaultProfile)]
    [InlineData(ProfileType.RuntimeDefault, true, null)]
    [InlineData(null, true, null)]
    [InlineData(ProfileType.Unconfined, false, null)]
    [InlineData(ProfileType.Localhost, false, "mine")]
    [InlineData(ProfileType.Localhost, true, "mine")]
    public void Choose_OnAHostWithAppArmor_ConfinesUnlessToldOtherwise(ProfileType? type, bool privileged, string? expected) =>
        Assert.Equal(expected, ContainerAppArmor.Choose(Security(type, privileged), enabled: true));

    [Theory]
    [InlineData(null)]
    [InlineData(ProfileType.RuntimeDefault)]
    [InlineData(ProfileType.Unconfined)]
    public void Choose_OnAHostWithout_IsNone(ProfileType? type) =>
        Assert.Null(ContainerAppArmor.Choose(Security(type, privileged: false), enabled: false));

    [Fact]
    public void Choose_LocalProfileOnAHostWithout_IsAFailedPrecondition()
    {
        var error = Assert.Throws<RpcException>(() => ContainerAppArmor.Choose(Security(ProfileType.Localhost, privileged: false), enabled: false));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("mine", error.Status.Detail, StringComparison.Ordinal);
    }

    private static V1.LinuxContainerSecurityContext Security(ProfileType? type, bool privileged) => new()
    {
        Privileged = privileged,
        Apparmor = type is { } given
            ? new V1.SecurityProfile { ProfileType = given, LocalhostRef = given == ProfileType.Localhost ? "mine" : "" }
            : null,
    };
}
