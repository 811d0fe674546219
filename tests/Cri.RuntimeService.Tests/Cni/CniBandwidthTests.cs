using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public class CniBandwidthTests
{
    [Theory]
    [InlineData("1k", 1_000ul)]
    [InlineData("10M", 10_000_000ul)]
    [InlineData("1.5Mi", 1_572_864ul)]
    [InlineData("2e6", 2_000_000ul)]
    [InlineData("1P", 1_000_000_000_000_000ul)]
    public void FromAnnotations_Quantity_IsBitsPerSecond(string text, ulong expected)
    {
        var bandwidth = CniBandwidth.FromAnnotations(Ingress(text));

        Assert.Equal((expected, 0ul), (bandwidth!.IngressRate, bandwidth.EgressRate));
        Assert.Equal((int.MaxValue, 0ul), ((int)bandwidth.IngressBurst, bandwidth.EgressBurst));
    }

    [Fact]
    public void FromAnnotations_None_IsNull() => Assert.Null(CniBandwidth.FromAnnotations(new Dictionary<string, string>()));

    [Theory]
    [InlineData("")]
    [InlineData("fast")]
    [InlineData("999")]
    [InlineData("2P")]
    [InlineData("-5M")]
    [InlineData("1e40")]
    public void FromAnnotations_NoRate_NamesTheAnnotation(string text)
    {
        var error = Assert.Throws<FormatException>(() => CniBandwidth.FromAnnotations(Ingress(text)));

        Assert.Contains("kubernetes.io/ingress-bandwidth", error.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Ingress(string text) => new() { ["kubernetes.io/ingress-bandwidth"] = text };
}
