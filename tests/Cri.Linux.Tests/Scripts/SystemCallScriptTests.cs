using System.Text;
using Cri.Linux.Scripts;
using Xunit;

namespace Cri.Linux.Tests.Scripts;

public sealed class SystemCallScriptTests
{
    private const int ReportTo = 3;
    private const long Child = 17; // SIGCHLD
    private readonly SystemCallScript _script = new();

    [Fact]
    public void Run_StepsThatSucceed_EndsInTheProgram()
    {
        _script.Must(SystemCall.ChangeDirectory, _script.Text("/usr"));
        Execute("/bin/sh", "-c", "pwd; echo $ONE $0", "name");

        var (output, reports) = Run();

        Assert.Equal("/usr\n1 name\n", output);
        Assert.Empty(reports);
    }

    [Fact]
    public void Run_AStepThatFails_ReportsItAndEnds()
    {
        _script.Must(SystemCall.SetMask, 0);
        _script.Must(SystemCall.ChangeDirectory, _script.Text("/there/is/none"));
        Execute("/bin/echo", "not reached");

        var (output, reports) = Run();

        Assert.Equal("", output);
        Assert.Equal([(-(long)Errno.ENOENT, 1)], reports);
        Assert.Same(SystemCall.ChangeDirectory, _script.Calls[reports[0].Step]);
    }

    [Fact]
    public void Run_AFailureThatIsTried_GoesOn()
    {
        _script.Try(SystemCall.Execute, _script.Text("/there/is/none"), 0, 0);
        Execute("/bin/echo", "reached");

        Assert.Equal("reached\n", Run().Output);
    }

    [Fact]
    public void Run_AFork_ReportsTheChildAndGoesOnInIt()
    {
        _script.Fork(Child);
        Execute("/bin/sh", "-c", "echo $$");

        var (output, reports) = Run();

        Assert.Equal([(long.Parse(output), 0)], reports);
    }

    [Fact]
    public void Text_WithAZero_IsRefused() => Assert.Throws<ArgumentException>(() => _script.Text("a\0b"));

    private void Execute(string path, params string[] arguments) =>
        _script.Must(SystemCall.Execute, _script.Text(path), _script.Texts([path, .. arguments]), _script.Texts(["ONE=1"]));

    private (string Output, IReadOnlyList<(long Result, int Step)> Reports) Run()
    {
        using var output = Pipe.Create();
        using var reports = Pipe.Create();
        var pid = MemoryProgram.Start(
            "script", _script.Assemble(ReportTo), new Dictionary<int, int> { [1] = output.Writer.Number, [ReportTo] = reports.Writer.Number });
        output.Writer.Dispose();
        reports.Writer.Dispose();
        var text = Encoding.UTF8.GetString(ReadAll(output.Reader));
        var told = ReadAll(reports.Reader).Chunk(SystemCallScript.ReportSize).Select(report => SystemCallScript.Report(report)).ToList();
        using var process = PidFd.Open(pid);
        PidFd.Reap(process);
        return (text, told);
    }

    private static byte[] ReadAll(Fd fd)
    {
        var all = new List<byte>();
        var buffer = new byte[256];
        for (int count; (count = FdStream.Read(fd, buffer)) > 0;)
        {
            all.AddRange(buffer[..count]);
        }

        return [.. all];
    }
}
