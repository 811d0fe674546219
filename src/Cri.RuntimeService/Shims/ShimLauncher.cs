using System.Globalization;
using System.Net.Sockets;
using Cri.Linux;
using Cri.Ttrpc;
using Cri.Ttrpc.SandboxApi;
using Grpc.Core;

namespace Cri.RuntimeService.Shims;

/// <summary>
/// Starts shims and finds them again after a restart. The listening socket is made here and handed on, so that the first
/// call can be sent while the shim is still starting.
/// </summary>
/// <param name="binary">The absolute path of <c>crisp-shim</c>.</param>
/// <param name="runtimeTimeout">How long a command of the OCI runtime may take.</param>
public sealed class ShimLauncher(string binary, TimeSpan runtimeTimeout)
{
    private const int ListenDescriptor = 3;

    /// <summary>Starts a shim in a session of its own and connects to it. Throws when the binary cannot be executed.</summary>
    public async Task<Shim> StartAsync(string sandboxId, PodLayout files, CancellationToken cancellationToken)
    {
        int pid;
        using (var log = OpenLog(files.ShimLog))
        using (var directory = new ShortPath(files.Directory))
        using (var listener = UnixSocket.Listen(directory.To(Path.GetFileName(files.ShimSocket)), mode: UnixSocket.OwnerOnly))
        {
            pid = ChildProcess.Start(new ChildProcessOptions
            {
                Path = binary,
                Arguments = [binary, "serve", "--id", sandboxId, "--bundle", files.Directory, "--runtime-timeout", Seconds(runtimeTimeout)],
                Descriptors = new Dictionary<int, int>
                {
                    [1] = log.Number,
                    [2] = log.Number,
                    [ListenDescriptor] = listener.Number,
                },
                WorkingDirectory = files.Directory,
                NewSession = true,
            });
        }

        try
        {
            return await AttachAsync(pid, files, cancellationToken);
        }
        catch (Exception error)
        {
            // Nobody would know of it: not its pid, nor that it is to end.
            ChildProcess.KillAndReap(pid);
            throw error is SocketException or TtrpcException ? Unreachable(sandboxId, pid, error) : error;
        }
    }

    /// <summary>
    /// Connects to the shim of a pod that an earlier server started; null when it is gone. One whose pid that server had no time to
    /// record (0) is asked for it. Throws what this server lacks itself, such as descriptors: that says nothing about the shim.
    /// </summary>
    public async Task<Shim?> ReconnectAsync(string sandboxId, int pid, PodLayout files, CancellationToken cancellationToken)
    {
        try
        {
            return await AttachAsync(pid != 0 ? pid : await AskPidAsync(sandboxId, files, cancellationToken), files, cancellationToken);
        }
        catch (Exception gone) when (gone is SocketException or TtrpcException or LinuxException { Error: Errno.ESRCH } && !IsOurOwn(gone))
        {
            return null;
        }
    }

    // No descriptor or memory here, or a full backlog there.
    private static bool IsOurOwn(Exception error) => (error as SocketException ?? error.InnerException as SocketException)?.SocketErrorCode
        is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.WouldBlock or SocketError.TryAgain;

    private static async Task<int> AskPidAsync(string sandboxId, PodLayout files, CancellationToken cancellationToken)
    {
        using var directory = new ShortPath(files.Directory);
        await using var client = await TtrpcClient.ConnectAsync(directory.To(Path.GetFileName(files.ShimSocket)), cancellationToken);
        var status = await new SandboxClient(client).SandboxStatusAsync(new SandboxStatusRequest { SandboxId = sandboxId }, cancellationToken);
        return (int)status.Pid;
    }

    private static async Task<Shim> AttachAsync(int pid, PodLayout files, CancellationToken cancellationToken)
    {
        var process = PidFd.Open(pid);
        try
        {
            using var directory = new ShortPath(files.Directory);
            var client = await TtrpcClient.ConnectAsync(directory.To(Path.GetFileName(files.ShimSocket)), cancellationToken);
            return new Shim(pid, process, client);
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    // What a runtime complains of may quote what it was given.
    private static Fd OpenLog(string path) => AppendFile.Open(path, SmallFile.OwnerOnly);

    private static RpcException Unreachable(string sandboxId, int pid, Exception error) =>
        new(new Status(StatusCode.Unavailable, $"pod sandbox {sandboxId}: its shim (pid {pid}) cannot be reached: {error.Message}"));

    private static string Seconds(TimeSpan time) => ((int)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
