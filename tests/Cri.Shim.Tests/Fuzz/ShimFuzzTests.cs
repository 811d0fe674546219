using System.Net.Sockets;
using Cri.Testing.Fuzz;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Cri.Ttrpc.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Tests.Fuzz;

/// <summary>A really running shim, and clients that send it whatever bytes: it goes on serving, and keeps nothing of them.</summary>
public sealed class ShimFuzzTests
{
    // What frames of up to 4 MiB leave until it is collected: 51 MB after 6,000 connections, 54 MB after 24,000.
    private const long MostResident = 80L << 20;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    // Nothing here names what exists, and no method makes or ends anything outside of the shim.
    private static IReadOnlyList<byte[]> Calls =>
    [
        Call("State", new StateRequest { Id = "nobody", ExecId = "x" }), Call("Start", new StartRequest { Id = "nobody" }),
        Call("Delete", new DeleteRequest { Id = "nobody", ExecId = "y" }), Call("Pids", new PidsRequest { Id = "nobody" }),
        Call("Kill", new KillRequest { Id = "nobody", Signal = 9, All = true }), Call("Wait", new WaitRequest { Id = "nobody" }),
        Call("Exec", new ExecProcessRequest { Id = "nobody", ExecId = "z", Stdout = "fifo:///x", Spec = new Any { TypeUrl = "t", Value = ByteString.CopyFromUtf8("{}") } }),
        Call("ResizePty", new ResizePtyRequest { Id = "nobody", Width = uint.MaxValue, Height = 1 }), Call("Stats", new StatsRequest { Id = "nobody" }),
        Call("Update", new UpdateTaskRequest { Id = "nobody", Resources = new Any() }), Call("Connect", new ConnectRequest { Id = "nobody" }),
        [.. Call("CloseIO", new CloseIORequest { Id = "nobody", Stdin = true }), .. Call("Pause", new PauseRequest { Id = "nobody" }, long.MaxValue)],
    ];

    private static IReadOnlyList<byte[]> Words =>
    [
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 0], [0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0], [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0],
        [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
        .. FuzzRun.Texts(TtrpcServiceName.TaskV3, TtrpcServiceName.TaskV2, TtrpcServiceName.PodShim, "nobody"),
    ];

    [Fact]
    public async Task Socket_AnyBytes_LeaveTheShimServing()
    {
        await using var shim = await ShimProcess.StartAsync();
        await AssertServesAsync(shim);
        var descriptors = Descriptors(shim);

        await FuzzRun.RunAsync(600, Calls, Words, async input =>
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(shim.Directory, "shim.sock")));
            for (var sent = 0; sent < input.Length;)
            {
                sent += await socket.SendAsync(input.AsMemory(sent));
            }

            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[4096];
            while (await ReceiveAsync(socket, buffer) > 0)
            {
            }
        });

        await AssertServesAsync(shim);
        for (var until = DateTime.UtcNow + _patience; Descriptors(shim) > descriptors && DateTime.UtcNow < until;)
        {
            await Task.Delay(20);
        }

        Assert.Equal(descriptors, Descriptors(shim));
        Assert.InRange(Resident(shim), 1, MostResident);
    }

    private static async Task AssertServesAsync(ShimProcess shim)
    {
        var error = await Assert.ThrowsAsync<TtrpcException>(() => shim.Tasks.StateAsync(new StateRequest { Id = "nobody" }).WaitAsync(_patience));
        Assert.Equal(TtrpcStatusCode.NotFound, error.Code);
    }

    // What was not read when the shim hung up is a reset.
    private static async Task<int> ReceiveAsync(Socket socket, byte[] buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static byte[] Call(string method, IMessage request, long timeout = 0) =>
        RequestEnvelope.Frame(1, TtrpcServiceName.TaskV3, method, request, timeout);

    private static int Descriptors(ShimProcess shim) => Directory.GetFileSystemEntries($"/proc/{shim.Pid}/fd").Length;

    private static long Resident(ShimProcess shim) =>
        long.Parse(File.ReadLines($"/proc/{shim.Pid}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) << 10;
}
