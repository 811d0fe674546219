using System.Net;
using System.Net.Http.Headers;
using Cri.ImageService.Registry;

namespace Cri.ImageService.Tests.Registry;

public sealed class BackoffTests
{
    private static readonly ImageServiceOptions _options = new()
    {
        Root = "",
        RetryDelay = TimeSpan.FromSeconds(1),
        RetryDelayMax = TimeSpan.FromSeconds(10),
        RetryAfterMax = TimeSpan.FromSeconds(60),
    };

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 8)]
    [InlineData(4, 10)]
    [InlineData(1000, 10)]
    public void Before_EachRetry_IsDoubledBoundedAndCutByChance(int retry, int seconds)
    {
        var pauses = Enumerable.Range(0, 100).Select(_ => new Backoff(_options).Before(retry)).ToList();

        Assert.All(pauses, pause => Assert.InRange(pause.TotalSeconds, seconds / 2.0, seconds));
        Assert.True(pauses.Distinct().Count() > 1);
    }

    [Theory]
    [InlineData(30, 30)]
    [InlineData(3600, 60)]
    public void Before_HostAsked_IsWhatItAskedWithinBounds(int asked, int seconds) =>
        Assert.Equal(seconds, new Backoff(_options).Before(0, TimeSpan.FromSeconds(asked)).TotalSeconds);

    [Fact]
    public async Task FromAsync_RetryAfterInSeconds_IsTold() =>
        Assert.Equal(TimeSpan.FromSeconds(7), (await ErrorAsync(new RetryConditionHeaderValue(TimeSpan.FromSeconds(7)))).RetryAfter);

    [Fact]
    public async Task FromAsync_RetryAfterAsDate_CountsFromTheHostsClock()
    {
        var then = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(TimeSpan.FromSeconds(90), (await ErrorAsync(new RetryConditionHeaderValue(then.AddSeconds(90)), then)).RetryAfter);
    }

    private static Task<ImageException> ErrorAsync(RetryConditionHeaderValue retryAfter, DateTimeOffset? date = null)
    {
        var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Content = new ByteArrayContent([]) };
        response.Headers.RetryAfter = retryAfter;
        response.Headers.Date = date;
        return RegistryError.FromAsync("test", response, _options, CancellationToken.None);
    }
}
