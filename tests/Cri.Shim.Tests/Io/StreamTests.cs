using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.Shim.Tests.Io;

public sealed class StreamTests : IAsyncLifetime
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private ShimProcess _shim = null!;

    public async Task InitializeAsync() => _shim = await ShimProcess.StartAsync();

    public async Task DisposeAsync() => await _shim.DisposeAsync();

    [Fact]
    public async Task Fifos_OfAnExec_CarryInputOutputAndErrors()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var (stdin, stdout, stderr) = (MakeFifo("in"), MakeFifo("out"), MakeFifo("err"));
        var output = ReadAllAsync(stdout);
        var errors = ReadAllAsync(stderr);
        await container.ExecAsync("e1", "cat; echo failed >&2; exit 5", request => (request.Stdin, request.Stdout, request.Stderr) = (stdin, stdout, stderr));
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
        await using (var input = new FileStream(stdin, FileMode.Open, FileAccess.Write))
        {
            await input.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
        }

        // The input ends only once the shim gave its own end up.
        Assert.Null((await container.StateAsync("e1")).ExitedAt);
        await _shim.Tasks.CloseIOAsync(new CloseIORequest { Id = container.Id, ExecId = "e1", Stdin = true });
        Assert.Equal(5u, (await container.WaitAsync("e1")).ExitStatus);
        Assert.Equal(text, await output.WaitAsync(_patience));
        Assert.Equal("failed\n", await errors.WaitAsync(_patience));
        Assert.Equal(5u, (await container.DeleteAsync("e1")).ExitStatus);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Fifos_ShimHeldUpPastTheDrainBound_CarryWhatCameInTime()
    {
        const int Stop = 19, Continue = 18;
        var container = TestContainer.Prepare(_shim, "sleep 1000");
        await container.CreateAsync(request => request.Rootfs.Add(new Cri.Ttrpc.Types.Mount { Type = "tmpfs", Source = "tmpfs", Target = "/tmp" }));
        await container.StartAsync();
        var stdout = MakeFifo("out");
        var output = ReadAllAsync(stdout);
        await container.ExecAsync("e1", "(sleep 1; echo late; : > /tmp/written) & echo early", request => request.Stdout = stdout);

        // Time for the shim to see the end of the exec's own process; were it too short, there would be nothing to see here.
        await Task.Delay(300);
        Signals.Send(_shim.Pid, Stop);
        await Task.Delay(3000);
        var isWritten = SpinWait.SpinUntil(() => File.Exists($"/proc/{container.Pid}/root/tmp/written"), _patience);
        Signals.Send(_shim.Pid, Continue);

        Assert.True(isWritten, "the child writes nothing");
        Assert.Equal(0u, (await container.WaitAsync("e1")).ExitStatus);
        Assert.Equal("early\nlate\n", await output.WaitAsync(_patience));
        await container.DeleteAsync("e1");
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Fifo_WithoutAReader_DoesNotHoldCreateOrExitBack()
    {
        var container = TestContainer.Prepare(_shim, "echo unheard");
        await container.CreateAsync(request => request.Stdout = request.Stderr = MakeFifo("out"));
        await container.StartAsync();
        Assert.Equal(0u, (await container.WaitAsync()).ExitStatus);
        await container.DeleteAsync();
    }

    [Fact]
    public async Task File_AsOutput_IsAppendedTo()
    {
        var file = Path.Combine(_shim.Directory, "raw");
        File.WriteAllText(file, "old\n");
        var container = TestContainer.Prepare(_shim, "echo new; echo more >&2");
        await container.CreateAsync(request => request.Stdout = request.Stderr = $"file://{file}");
        await container.StartAsync();
        await container.WaitAsync();
        Assert.Equal(["old", "new", "more"], File.ReadAllLines(file).OrderByDescending(line => line == "old").ThenByDescending(line => line));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Binary_AsOutput_GetsTheStreamsAsDescriptors()
    {
        var file = Path.Combine(_shim.Directory, "logged");
        var program = Path.Combine(_shim.Directory, "logger");
        File.WriteAllText(program, "#!/bin/sh\nexec 5>&-\n{ echo \"$CONTAINER_ID $1 $2\"; cat <&3; cat <&4; } > " + file + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var container = TestContainer.Prepare(_shim, "echo out; echo err >&2");
        await container.CreateAsync(request => request.Stdout = request.Stderr = $"binary://{program}?key=value%201");
        await container.StartAsync();
        await container.WaitAsync();
        Assert.Equal([$"{container.Id} key value 1", "out", "err"], File.ReadAllLines(file));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Terminal_OfAnInit_LogsEverythingAsStdoutAndCanBeResized()
    {
        var container = TestContainer.Prepare(
            _shim,
            "tty; echo err >&2; while ! [ -e /tmp/go ]; do sleep 0.05; done; stty size; exit 2",
            adapt: configuration => configuration["process"]!["terminal"] = true);
        await container.CreateAsync(request =>
        {
            request.Terminal = true;
            request.Stderr = string.Empty;
            request.Rootfs.Add(new Cri.Ttrpc.Types.Mount { Type = "tmpfs", Source = "tmpfs", Target = "/tmp" });
        });
        await container.StartAsync();
        await container.WaitForLogAsync("err");
        await _shim.Tasks.ResizePtyAsync(new ResizePtyRequest { Id = container.Id, Width = 132, Height = 43 });
        File.WriteAllText($"/proc/{container.Pid}/root/tmp/go", string.Empty);
        Assert.Equal(2u, (await container.WaitAsync()).ExitStatus);
        Assert.Equal(["/dev/pts/0\r", "err\r", "43 132\r"], container.LogLines().Select(line => line.Split(' ', 4)).Select(parts => parts[3]));
        Assert.All(container.LogLines(), line => Assert.Contains(" stdout ", line, StringComparison.Ordinal));
        await container.DeleteAsync();
    }

    [Fact]
    public async Task Terminal_OfAnExec_CarriesInputAndOutput()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var (stdin, stdout) = (MakeFifo("in"), MakeFifo("out"));
        var output = ReadAllAsync(stdout);
        await container.ExecAsync("t1", "stty -echo; echo ready; read x; echo got $x; exit 6", request =>
        {
            (request.Stdin, request.Stdout, request.Terminal) = (stdin, stdout, true);
        });
        await using (var input = new FileStream(stdin, FileMode.Open, FileAccess.Write))
        {
            await input.WriteAsync("hello\n"u8.ToArray());
            await input.FlushAsync();
            Assert.Equal(6u, (await container.WaitAsync("t1")).ExitStatus);
        }

        Assert.Contains("got hello\r\n", await output.WaitAsync(_patience), StringComparison.Ordinal);
        await container.DeleteAsync("t1");
        await container.RemoveAsync();
    }

    [Fact]
    public async Task ResizePty_WithoutATerminal_IsRefused()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var e = await Assert.ThrowsAsync<TtrpcException>(
            () => _shim.Tasks.ResizePtyAsync(new ResizePtyRequest { Id = container.Id, Width = 80, Height = 24 }));
        Assert.Equal(TtrpcStatusCode.FailedPrecondition, e.Code);
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Exit_WithAChildThatHoldsTheStream_IsNotHeldBackForEver()
    {
        var container = await TestContainer.RunAsync(_shim, "sleep 1000");
        var stdout = MakeFifo("out");
        var output = ReadAllAsync(stdout);
        await container.ExecAsync("bg", "sleep 1000 & echo started", request => request.Stdout = stdout);
        Assert.Equal(0u, (await container.WaitAsync("bg")).ExitStatus);
        Assert.Equal("started\n", await output.WaitAsync(_patience));
        await container.DeleteAsync("bg");
        await container.RemoveAsync();
    }

    [Theory]
    [InlineData("ftp:///x")]
    [InlineData("cri://relative/0.log")]
    [InlineData("relative")]
    public async Task Create_UnknownOutput_IsInvalidArgument(string stdout)
    {
        var container = TestContainer.Prepare(_shim, "true");
        var e = await Assert.ThrowsAsync<TtrpcException>(() => container.CreateAsync(request => request.Stdout = stdout));
        Assert.Equal(TtrpcStatusCode.InvalidArgument, e.Code);
    }

    private string MakeFifo(string name)
    {
        var path = Path.Combine(_shim.Directory, name);
        Fifo.Create(path, 0x180);
        return path;
    }

    // Opened before the shim opens its end, as a client must: the end of a stream that nobody reads is lost.
    private static Task<string> ReadAllAsync(string fifo)
    {
        var hold = Fifo.OpenBoth(fifo);
        return Task.Factory.StartNew(
            () => ReadAll(fifo, hold), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static string ReadAll(string fifo, Fd hold)
    {
        using var reader = new FileStream(fifo, FileMode.Open, FileAccess.Read);
        var text = new MemoryStream();
        var buffer = new byte[65536];
        while (true)
        {
            var count = reader.Read(buffer);
            text.Write(buffer, 0, count);
            if (count == 0)
            {
                return System.Text.Encoding.UTF8.GetString(text.ToArray());
            }

            hold.Dispose();
        }
    }
}
