using Cri.Linux.Seccomp;
using Cri.Testing;
using Xunit;

namespace Cri.Linux.Tests.Seccomp;

public sealed class SeccompStubTests
{
    private const uint X64 = 0xC000003E;
    private const uint X86 = 0x40000003;
    private const uint Arm64 = 0xC00000B7;
    private const uint X32Bit = 1 << 30;
    private const uint NotImplemented = 0x50026;
    private const uint Filtered = 0x7fff0000;

    [Theory]
    [InlineData(X64, 300u, Filtered)]
    [InlineData(X64, 301u, NotImplemented)]
    [InlineData(X64, X32Bit | 200, Filtered)]
    [InlineData(X64, X32Bit | 201, NotImplemented)]
    [InlineData(X64, uint.MaxValue, NotImplemented)]
    [InlineData(X86, 100u, Filtered)]
    [InlineData(X86, 101u, NotImplemented)]
    [InlineData(Arm64, 400u, Filtered)]
    public void Assemble_ForAllOfAMachine_RefusesWhatIsNewer(uint architecture, uint number, uint answer) => Assert.Equal(
        answer, Program(new() { [X64] = 300, [X86] = 100, [SeccompStub.X32] = X32Bit | 200 }).Answer(architecture, number));

    [Theory]
    [InlineData(X64, 301u, NotImplemented)]
    [InlineData(X64, X32Bit | 1, Filtered)]
    public void Assemble_WithoutX32_LeavesItToTheFilter(uint architecture, uint number, uint answer) =>
        Assert.Equal(answer, Program(new() { [X64] = 300 }).Answer(architecture, number));

    [Theory]
    [InlineData(X64, 999u, Filtered)]
    [InlineData(X64, X32Bit | 201, NotImplemented)]
    public void Assemble_ForX32Alone_LeavesTheOtherToTheFilter(uint architecture, uint number, uint answer) =>
        Assert.Equal(answer, Program(new() { [SeccompStub.X32] = X32Bit | 200 }).Answer(architecture, number));

    [Fact]
    public void Assemble_ForNothing_LeavesAllToTheFilter() => Assert.Equal(Filtered, Program([]).Answer(X64, 999));

    // The filter that follows allows everything.
    private static BpfProgram Program(Dictionary<uint, uint> last) =>
        new((byte[])[.. SeccompStub.Assemble(last), 0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);
}
