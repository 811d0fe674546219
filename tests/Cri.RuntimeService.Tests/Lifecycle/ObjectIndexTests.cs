using Cri.RuntimeService.Lifecycle;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lifecycle;

public class ObjectIndexTests
{
    private readonly ObjectIndex<string> _index = new("container");

    public ObjectIndexTests()
    {
        _index.Add("abc1", "one");
        _index.Add("abc2", "two");
        _index.Add("abc", "exact");
    }

    [Fact]
    public void Find_ExactId_WinsOverPrefix() => Assert.Equal("exact", _index.Find("abc"));

    [Fact]
    public void Find_UnambiguousPrefix_IsFound() => Assert.Equal("two", _index.Find("abc2"));

    [Fact]
    public void Find_AmbiguousPrefix_IsInvalid() =>
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => _index.Find("ab")).StatusCode);

    [Fact]
    public void Find_Empty_IsAbsent() => Assert.Null(_index.Find(""));

    [Fact]
    public void Get_Unknown_IsNotFoundAndNamed()
    {
        var error = Assert.Throws<RpcException>(() => _index.Get("zzz"));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains("container \"zzz\"", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_Known_IsGone()
    {
        _index.Remove("abc1");

        Assert.Null(_index.Find("abc1"));
        Assert.Equal(2, _index.Count);
    }
}
