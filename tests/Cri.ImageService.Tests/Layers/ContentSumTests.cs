using Cri.ImageService.Layers.Recipes;

namespace Cri.ImageService.Tests.Layers;

public sealed class ContentSumTests
{
    [Fact]
    public void Append_HoweverCut_IsTheSameSum()
    {
        var content = new byte[1000];
        new Random(3).NextBytes(content);
        for (var part = 1; part < 70; part++)
        {
            var sum = new ContentSum();
            foreach (var chunk in content.Chunk(part))
            {
                sum.Append(chunk);
            }

            Assert.Equal(Sum(content), sum.Value);
        }
    }

    [Fact]
    public void Append_AnyByteChanged_IsAnotherSum()
    {
        var content = new byte[300];
        for (var i = 0; i < content.Length; i++)
        {
            var changed = content.ToArray();
            changed[i] ^= 0x80;
            Assert.NotEqual(Sum(content), Sum(changed));
        }
    }

    [Fact]
    public void Append_ZerosOfDifferentLengths_HaveDifferentSums() =>
        Assert.Equal(200, Enumerable.Range(0, 200).Select(length => Sum(new byte[length])).Distinct().Count());

    [Fact]
    public void Value_Always_IsPositive() =>
        Assert.All(Enumerable.Range(0, 100), i => Assert.InRange(Sum(BitConverter.GetBytes(i)), 0, long.MaxValue));

    private static long Sum(byte[] content)
    {
        var sum = new ContentSum();
        sum.Append(content);
        return sum.Value;
    }
}
