using Cri.ImageService.Registry;
using Grpc.Core;

namespace Cri.ImageService.Tests.Registry;

public sealed class EnvironmentProxyTests
{
    [Theory]
    [InlineData("HTTPS_PROXY", "https://registry.test/", "http://proxy:3128/")]
    [InlineData("https_proxy", "https://registry.test/", "http://proxy:3128/")]
    [InlineData("HTTP_PROXY", "http://registry.test/", "http://proxy:3128/")]
    [InlineData("http_proxy", "http://registry.test/", "http://proxy:3128/")]
    [InlineData("ALL_PROXY", "https://registry.test/", "http://proxy:3128/")]
    [InlineData("HTTP_PROXY", "https://registry.test/", null)]
    [InlineData("HTTPS_PROXY", "https://localhost/", null)]
    [InlineData("HTTPS_PROXY", "https://127.0.0.5:5000/", null)]
    [InlineData("HTTPS_PROXY", "https://[::1]:5000/", null)]
    public void GetProxy_Variable_IsForItsScheme(string variable, string address, string? proxy) =>
        Assert.Equal(proxy, Proxy((variable, "proxy:3128")).GetProxy(new Uri(address))?.ToString());

    [Theory]
    [InlineData("*", "http://registry.test", true)]
    [InlineData("registry.test", "http://registry.test", true)]
    [InlineData("registry.test", "http://sub.registry.test", true)]
    [InlineData("registry.test", "http://otherregistry.test", false)]
    [InlineData("REGISTRY.test", "http://registry.TEST:5000", true)]
    [InlineData(".registry.test", "http://sub.registry.test", true)]
    [InlineData(".registry.test", "http://registry.test", false)]
    [InlineData("*.registry.test", "http://sub.registry.test", true)]
    [InlineData("registry.test:5000", "http://registry.test:5000", true)]
    [InlineData("registry.test:5000", "http://registry.test", false)]
    [InlineData("a.test, registry.test b.test", "http://b.test", true)]
    [InlineData("10.0.0.0/8", "http://10.1.2.3:5000", true)]
    [InlineData("10.0.0.0/8", "http://11.1.2.3", false)]
    [InlineData("10.77.88.99/8", "http://10.1.2.3:5000", true)]
    [InlineData("172.16.0.0/12", "http://172.31.0.1", true)]
    [InlineData("172.16.0.0/12", "http://172.32.0.1", false)]
    [InlineData("192.168.1.7/32", "http://192.168.1.7", true)]
    [InlineData("fd00::/8", "http://[fd00::1]:5000", true)]
    [InlineData("10.1.2.3", "http://10.1.2.3", true)]
    [InlineData("10.1.2.3:80", "http://10.1.2.3:5000", false)]
    [InlineData("[fd00::1]:5000", "http://[fd00::1]:5000", true)]
    [InlineData("10.0.0.0/99", "http://10.1.2.3", false)]
    [InlineData("", "http://registry.test", false)]
    public void IsBypassed_NoProxy_CoversHost(string list, string address, bool isBypassed)
    {
        Assert.Equal(isBypassed, Proxy(("HTTP_PROXY", "http://proxy"), ("NO_PROXY", list)).IsBypassed(new Uri(address)));
        Assert.Equal(isBypassed, Proxy(("HTTP_PROXY", "http://proxy"), ("no_proxy", list)).IsBypassed(new Uri(address)));
    }

    [Fact]
    public void GetProxy_CredentialsInUrl_AreApart()
    {
        var proxy = Proxy(("HTTP_PROXY", "http://us%40er:pass%3Aword@proxy:3128/"));

        var address = proxy.GetProxy(new Uri("http://registry.test"))!;

        Assert.Equal("http://proxy:3128/", address.ToString());
        Assert.Equal("us@er", proxy.GetCredential(address, "Basic")!.UserName);
        Assert.Equal("pass:word", proxy.GetCredential(address, "Basic")!.Password);
        Assert.Null(proxy.GetCredential(new Uri("http://other:3128/"), "Basic"));
    }

    [Theory]
    [InlineData("socks5h://proxy", "socks5://proxy:1080/")]
    [InlineData("socks5://proxy:99", "socks5://proxy:99/")]
    [InlineData("https://proxy", "https://proxy/")]
    public void GetProxy_OtherSchemes_AreKept(string value, string address) =>
        Assert.Equal(address, Proxy(("HTTP_PROXY", value)).GetProxy(new Uri("http://registry.test"))!.ToString());

    [Theory]
    [InlineData("ftp://user:hunter2@proxy")]
    [InlineData("http://user:hunter2@")]
    public void Check_NotAProxy_NamesTheVariableOnly(string value)
    {
        var proxy = Proxy(("HTTP_PROXY", value));

        var error = Assert.Throws<ImageException>(() => proxy.Check(new Uri("http://registry.test")));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("HTTP_PROXY", error.Message);
        Assert.DoesNotContain("hunter2", error.ToString());
        proxy.Check(new Uri("http://localhost"));
        proxy.Check(new Uri("https://registry.test"));
    }

    private static EnvironmentProxy Proxy(params (string Name, string Value)[] variables) =>
        new(name => variables.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault());
}
