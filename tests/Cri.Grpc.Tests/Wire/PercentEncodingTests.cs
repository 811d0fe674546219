using Cri.Grpc.Wire;
using Xunit;

namespace Cri.Grpc.Tests.Wire;

public sealed class PercentEncodingTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain text, ~!", "plain text, ~!")]
    [InlineData("100%", "100%25")]
    [InlineData("a\r\nb\u007f", "a%0D%0Ab%7F")]
    [InlineData("ß🦀", "%C3%9F%F0%9F%A6%80")]
    public void Encode_AnyText_RoundTrips(string text, string encoded)
    {
        Assert.Equal(encoded, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz%41", "%zzA")]
    [InlineData("%FF", "\ufffd")]
    public void Decode_Malformed_KeepsWhatItCannotRead(string encoded, string text) => Assert.Equal(text, PercentEncoding.Decode(encoded));
}
