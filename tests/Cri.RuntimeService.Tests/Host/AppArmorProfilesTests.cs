using Cri.RuntimeService.Host;
using Cri.Testing;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Host;

public class AppArmorProfilesTests
{
    [Fact]
    public async Task RequireAsync_LoadedProfile_Passes()
    {
        using var directory = new TemporaryDirectory("apparmor");
        var profiles = new AppArmorProfiles(directory.File("profiles", "other (enforce)\nmine (complain)\n"), directory.Path);

        await profiles.RequireAsync("mine", CancellationToken.None);

        Assert.False(profiles.IsLoaded("min"));
    }

    [Fact]
    public async Task RequireAsync_UnknownProfile_IsAFailedPrecondition()
    {
        using var directory = new TemporaryDirectory("apparmor");
        var profiles = new AppArmorProfiles(directory.File("profiles", "mine2 (enforce)\n"), directory.Path);

        var error = await Assert.ThrowsAsync<RpcException>(() => profiles.RequireAsync("mine", CancellationToken.None));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("\"mine\": not loaded", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_OfTheDefaultProfile_DeniesMountsAndTheHostsSettings()
    {
        var text = AppArmorDefault.Text("crisp-default", _ => false);

        Assert.StartsWith("@{PROC}=/proc/\nprofile crisp-default ", text, StringComparison.Ordinal);
        Assert.Contains("  deny mount,\n", text, StringComparison.Ordinal);
        Assert.Contains("  deny @{PROC}/sys/ke[^r]** w,\n", text, StringComparison.Ordinal);
        Assert.Contains("  deny /sys/fs/c[^g]** wklx,\n", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("include", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_OnAHostWithPolicyFiles_IncludesThem() =>
        Assert.Contains("  #include <abstractions/base>\n", AppArmorDefault.Text("p", _ => true), StringComparison.Ordinal);
}
