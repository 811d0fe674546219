using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.RuntimeService.Tests.Spec;

public class ProfileReferenceTests
{
    [Theory]
    [InlineData("runtime/default", ProfileType.RuntimeDefault, "")]
    [InlineData("docker/default", ProfileType.RuntimeDefault, "")]
    [InlineData("unconfined", ProfileType.Unconfined, "")]
    [InlineData("localhost/mine", ProfileType.Localhost, "mine")]
    public void Of_DeprecatedText_IsTheSameProfile(string text, ProfileType type, string reference)
    {
        var profile = ProfileReference.Of("seccomp", null, text)!;

        Assert.Equal((type, reference), (profile.ProfileType, profile.LocalhostRef));
    }

    [Fact]
    public void Of_Neither_IsNull() => Assert.Null(ProfileReference.Of("seccomp", null, ""));

    [Fact]
    public void Of_Both_PrefersTheMessage() => Assert.Equal(
        ProfileType.Unconfined,
        ProfileReference.Of("seccomp", new V1.SecurityProfile { ProfileType = ProfileType.Unconfined }, "localhost/mine")!.ProfileType);

    [Fact]
    public void Of_LocalNameWithPrefix_LosesIt() => Assert.Equal("mine", ProfileReference.Of("apparmor", Local("localhost/mine"), "")!.LocalhostRef);

    public static TheoryData<V1.SecurityProfile?, string> Wrong => new()
    {
        { Local(""), "" },
        { new V1.SecurityProfile { ProfileType = ProfileType.RuntimeDefault, LocalhostRef = "mine" }, "" },
        { null, "mine" },
        { new V1.SecurityProfile { ProfileType = (ProfileType)9 }, "" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Of_Contradiction_IsInvalid(V1.SecurityProfile? profile, string deprecated) => Assert.Equal(
        StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => ProfileReference.Of("seccomp", profile, deprecated)).StatusCode);

    private static V1.SecurityProfile Local(string name) => new() { ProfileType = ProfileType.Localhost, LocalhostRef = name };
}
