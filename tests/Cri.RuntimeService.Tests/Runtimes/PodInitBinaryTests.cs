using System.Runtime.InteropServices;
using Cri.Linux;
using Cri.RuntimeService.Runtimes;
using Xunit;

namespace Cri.RuntimeService.Tests.Runtimes;

public sealed class PodInitBinaryTests : IDisposable
{
    private const int SigTerm = 15;
    private const int SigKill = 9;
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-init-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(Architecture.X64, 62)]
    [InlineData(Architecture.Arm64, 183)]
    public void For_Architecture_IsASmallStaticExecutable(Architecture architecture, int machine)
    {
        var file = PodInitBinary.For(architecture);

        Assert.Equal([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0], file[..8]);
        Assert.Equal((2, machine), (BitConverter.ToInt16(file, 16), BitConverter.ToInt16(file, 18)));
        Assert.InRange(file.Length, 200, 400);
    }

    [Fact]
    public void For_UnknownArchitecture_SaysSo() => Assert.Throws<PlatformNotSupportedException>(() => PodInitBinary.For(Architecture.S390x));

    [Fact]
    public async Task Run_AsAProcess_SleepsUntilSigtermAndExitsWithZero()
    {
        using var process = await StartAsync();

        Assert.Null(PidFd.TryReap(process));
        PidFd.Signal(process, SigTerm);

        Assert.Equal(new ChildExit(0, 0), PidFd.Reap(process));
    }

    [Fact]
    public async Task Run_AsAProcess_EndsOnSigkill()
    {
        using var process = await StartAsync();

        PidFd.Signal(process, SigKill);

        Assert.Equal(SigKill, PidFd.Reap(process).Signal);
    }

    [Fact]
    public async Task Run_AsInitOfAPidNamespace_LeavesNoZombieAndObeysSigterm()
    {
        // The shell leaves an orphan that ends, and then turns into the init: the orphan's remains must be gone.
        var script = $"(sh -c 'sleep 0.2' & ) ; sleep 1000 & exec {Binary()}";
        using var unshare = Start("/usr/bin/unshare", ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script], out var pid);
        var init = await ChildAsync(pid, "crisp-init");
        using var initProcess = PidFd.Open(init);

        // Only the long sleep stays a child of the init.
        await Eventually(() => Children(init).All(child => !Stat(child).Contains(") Z ", StringComparison.Ordinal)) && Children(init).Length == 1);
        PidFd.Signal(initProcess, SigTerm);

        Assert.Equal(0, PidFd.Reap(unshare).Code);
    }

    private async Task<Fd> StartAsync()
    {
        var process = Start(Binary(), ["crisp-init"], out var pid);

        // Asleep in pause(2): the handlers are in place.
        await Eventually(() => File.ReadAllText($"/proc/{pid}/syscall").StartsWith("34 ", StringComparison.Ordinal));
        return process;
    }

    private string Binary()
    {
        var path = Path.Combine(_directory, "crisp-init");
        if (!File.Exists(path))
        {
            File.WriteAllBytes(path, PodInitBinary.ForThisMachine());
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return path;
    }

    private static Fd Start(string path, string[] arguments, out int pid)
    {
        pid = ChildProcess.StartWhenFree(new ChildProcessOptions { Path = path, Arguments = arguments });
        return PidFd.Open(pid);
    }

    private static async Task<int> ChildAsync(int pid, string name)
    {
        await Eventually(() => Children(pid).Any(child => Stat(child).Contains($"({name})", StringComparison.Ordinal)));
        return Children(pid).Single();
    }

    private static int[] Children(int pid)
    {
        var path = $"/proc/{pid}/task/{pid}/children";
        return [.. File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    private static string Stat(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static async Task Eventually(Func<bool> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!holds())
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}
