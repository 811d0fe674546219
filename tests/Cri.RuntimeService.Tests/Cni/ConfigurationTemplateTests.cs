using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public class ConfigurationTemplateTests
{
    private static readonly string[] _dual = ["10.244.1.0/24", "fd00:1::/64"];

    [Fact]
    public void Render_PodCidr_IsTheFirst()
    {
        Assert.Equal("""{"subnet": "10.244.1.0/24"}""", ConfigurationTemplate.Render("""{"subnet": "{{.PodCIDR}}"}""", _dual));
    }

    [Fact]
    public void Render_RangesAndRoutes_AreSeparatedByTheIf()
    {
        const string template = """
            [{{range $i, $range := .PodCIDRRanges}}{{if $i}}, {{end}}[{"subnet": "{{$range}}"}]{{end}}]
            [{{ range $i, $route := .Routes }}{{ if $i }}, {{ end }}{"dst": "{{ $route }}"}{{ end }}]
            """;

        Assert.Equal(
            """
            [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:1::/64"}]]
            [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
            """,
            ConfigurationTemplate.Render(template, _dual));
    }

    [Fact]
    public void Render_TwoRangesOfOneFamily_HaveOneRoute()
    {
        Assert.Equal("0.0.0.0/0;", ConfigurationTemplate.Render("{{range $i, $r := .Routes}}{{$r}};{{end}}", ["10.1.0.0/24", "10.2.0.0/24"]));
    }

    [Theory]
    [InlineData("{{.Nonsense}}", "{{.Nonsense}}")]
    [InlineData("{{range $i, $r := .Routes}}{{$other}}{{end}}", "{{$other}}")]
    [InlineData("{{range $i, $r := .Routes}}x", "no {{end}}")]
    [InlineData("{{range $i, $r := .Nonsense}}x{{end}}", "{{range $i, $r := .Nonsense}}")]
    [InlineData("{{if $i}}x{{end}}", "{{if $i}}")]
    [InlineData("""{"a": "{{.PodCIDR"}""", "character 7")]
    public void Render_WhatItDoesNotKnow_IsNamed(string template, string named)
    {
        var error = Assert.Throws<FormatException>(() => ConfigurationTemplate.Render(template, _dual));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_StrayEnd_IsRefused()
    {
        Assert.Throws<FormatException>(() => ConfigurationTemplate.Render("a{{end}}b", _dual));
    }
}
