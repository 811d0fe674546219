using System.Buffers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Lists;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Lists;

public class WholeListTests
{
    private readonly ChangeCount _changes = new();
    private readonly WholeList _list;
    private List<string> _ids = ["a", "b", "c"];
    private int _gathered;
    private Action _whileGathering = () => { };

    public WholeListTests() => _list = new WholeList(_changes);

    [Fact]
    public void Of_AskedAgainAndAgain_IsTheSameAndGatheredTwiceAtMost()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(["a", "b", "c"], Ask());
        }

        Assert.Equal(2, _gathered);
    }

    [Fact]
    public void Of_AfterAChange_ShowsIt()
    {
        Ask();
        Ask();
        _ids = ["b"];
        _changes.Add();

        Assert.Equal(["b"], Ask());
        Assert.Equal(["b"], Ask());
        Assert.Equal(["b"], Ask());
    }

    [Fact]
    public void Of_EntriesThatChangeWhileGathered_AreNotKept()
    {
        Ask();
        _whileGathering = _changes.Add;
        Ask();
        _whileGathering = () => { };
        _ids = ["d"];

        Assert.Equal(["d"], Ask());
    }

    [Fact]
    public void Of_None_IsEmpty()
    {
        _ids = [];

        Assert.Equal([], Ask());
        Assert.Equal([], Ask());
        Assert.Equal([], Ask());
    }

    private List<string> Ask() => [.. Written.Of(_list.Of(Entries())).Containers.Select(container => container.Id)];

    private IEnumerable<ReadOnlyMemory<byte>> Entries()
    {
        _gathered++;
        foreach (var id in _ids)
        {
            yield return EncodedList.Entry(new V1.Container { Id = id });
        }

        _whileGathering();
    }

    // What a client would get.
    private sealed class Written : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public static V1.ListContainersResponse Of(EncodedList list)
        {
            var written = new Written();
            EncodedList.Method("ListContainers", V1.ListContainersRequest.Parser).ResponseMarshaller.ContextualSerializer(list, written);
            return V1.ListContainersResponse.Parser.ParseFrom(written._bytes.WrittenSpan);
        }

        public override void SetPayloadLength(int payloadLength)
        {
        }

        public override IBufferWriter<byte> GetBufferWriter() => _bytes;

        public override void Complete()
        {
        }

        public override void Complete(byte[] payload) => _bytes.Write(payload);
    }
}
