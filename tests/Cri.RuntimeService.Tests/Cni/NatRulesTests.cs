using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public sealed class NatRulesTests
{
    private const string Saved = """
        *nat
        :POSTROUTING ACCEPT [0:0]
        :CNI-a - [0:0]
        :CNI-b - [0:0]
        :CNI-DN-a - [0:0]
        :CNI-HOSTPORT-DNAT - [0:0]
        -A POSTROUTING -s 10.0.0.2/32 -m comment --comment "name: \"net\" id: \"abc\"" -j CNI-a
        -A POSTROUTING -s 10.0.0.3/32 -m comment --comment "name: \"net\" id: \"abcd\"" -j CNI-b
        -A POSTROUTING -s 10.0.0.4/32 -m comment --comment "name: \"other\" id: \"abc\"" -j CNI-b
        -A POSTROUTING -m comment --comment "about name: \"net\" id: \"abc\"" -j RETURN
        -A CNI-a -d 10.0.0.0/24 -m comment --comment "name: \"net\" id: \"abc\"" -j ACCEPT
        -A CNI-b -d 10.0.0.0/24 -m comment --comment "name: \"net\" id: \"abcd\"" -j ACCEPT
        -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"net\" id: \"abc\"" -m multiport --dports 80 -j CNI-DN-a
        -A CNI-DN-a -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80
        COMMIT
        """;

    [Fact]
    public void Removal_OfAnAttachment_NamesItsOwnRulesAndChainsOnly()
    {
        var removal = NatRules.Removal(Saved, "net", "abc", out var count);

        Assert.Equal(3, count);
        Assert.Equal(
            [
                "*nat",
                "-D POSTROUTING -s 10.0.0.2/32 -m comment --comment \"name: \\\"net\\\" id: \\\"abc\\\"\" -j CNI-a",
                "-D CNI-HOSTPORT-DNAT -p tcp -m comment --comment \"dnat name: \\\"net\\\" id: \\\"abc\\\"\" -m multiport --dports 80 -j CNI-DN-a",
                "-F CNI-a",
                "-F CNI-DN-a",
                "-X CNI-a",
                "-X CNI-DN-a",
                "COMMIT",
                "",
            ],
            removal!.Split('\n'));
    }

    [Theory]
    [InlineData("net", "ab")]
    [InlineData("ne", "abc")]
    [InlineData("other", "abcd")]
    public void Removal_OfAnAttachmentWithoutRules_IsNone(string network, string sandbox) =>
        Assert.Null(NatRules.Removal(Saved, network, sandbox, out _));

    [Fact]
    public void Removal_OfAChainThatOthersUseToo_LeavesTheChain() =>
        Assert.DoesNotContain("CNI-b\n", NatRules.Removal(Saved, "net", "abcd", out _)!.Replace("-j CNI-b", "", StringComparison.Ordinal), StringComparison.Ordinal);
}
