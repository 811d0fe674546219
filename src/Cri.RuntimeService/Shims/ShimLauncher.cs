using System.Net.Sockets;
using Cri.Linux;
using Cri.Ttrpc;

namespace Cri.RuntimeService.Shims;

/// <summary>
/// Starts shims and finds them again after a restart. The listening socket is made here and handed on, so that the first
/// call can be sent while the shim is still starting.
/// </summary>
/// <param name="binary">The absolute path of <c>crisp-shim</c>.</param>
public sealed class ShimLauncher(string binary)
{
    private const int ListenDescriptor = 3;

    /// <summary>Starts a shim in a session of its own and connects to it. Throws when the binary cannot be executed.</summary>
    public async Task<Shim> StartAsync(string sandboxId, PodLayout files, CancellationToken cancellationToken)
    {
        int pid;
        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        using (var log = File.OpenHandle(files.ShimLog, FileMode.Create, FileAccess.Write))
        using (var directory = new ShortPath(files.Directory))
        {
            listener.Bind(new UnixDomainSocketEndPoint(directory.To(Path.GetFileName(files.ShimSocket))));
            File.SetUnixFileMode(files.ShimSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen();
            pid = ChildProcess.Start(new ChildProcessOptions
            {
                Path = binary,
                Arguments = [binary, "serve", "--id", sandboxId, "--bundle", files.Directory],
                Descriptors = new Dictionary<int, int>
                {
                    [1] = Number(log),
                    [2] = Number(log),
                    [ListenDescriptor] = Number(listener.SafeHandle),
                },
                WorkingDirectory = files.Directory,
                NewSession = true,
            });
        }

        return await AttachAsync(pid, files, cancellationToken);
    }

    /// <summary>Connects to a shim of this pid that an earlier server started; null when it is gone.</summary>
    public async Task<Shim?> ReconnectAsync(int pid, PodLayout files, CancellationToken cancellationToken)
    {
        try
        {
            return pid == 0 ? null : await AttachAsync(pid, files, cancellationToken);
        }
        catch (Exception gone) when (gone is SocketException or TtrpcException or LinuxException { Error: Errno.ESRCH })
        {
            return null;
        }
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

    private static int Number(System.Runtime.InteropServices.SafeHandle handle) => (int)handle.DangerousGetHandle();
}
