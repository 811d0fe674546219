using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// A process that has a new user namespace, and others that belong to it, for as long as this object lives: long enough to
/// bind mount them, to join them or to open them. A multi-threaded process cannot make a user namespace for itself
/// (unshare(2)), so this one runs a program of its own; it ends with this process, whatever ends that.
/// </summary>
public sealed partial class NamespaceHolder : IDisposable
{
    private readonly Fd _process;
    private readonly Fd _input;

    private NamespaceHolder(int pid, Fd process, Fd input)
    {
        Pid = pid;
        _process = process;
        _input = input;
    }

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>
    /// Starts the process. Throws ENOSPC when the host allows no more user namespaces (user.max_user_namespaces), EINVAL for
    /// ids that cannot be mapped.
    /// </summary>
    /// <param name="ids">The ids of the user namespace.</param>
    /// <param name="others">The namespaces that it is to own.</param>
    public static NamespaceHolder Start(IdMap ids, NamespaceKinds others = NamespaceKinds.None)
    {
        using var input = Pipe.Create();
        using var output = Pipe.Create();
        var pid = Spawn(NamespaceHolderProgram.Assemble((int)(NamespaceKinds.User | others)), input.Reader, output.Writer);
        var holder = new NamespaceHolder(pid, PidFd.Open(pid), Duplicate(input.Writer));
        try
        {
            input.Dispose();
            output.Writer.Dispose();
            holder.AwaitNamespaces(output.Reader);
            SmallFile.Set($"/proc/{pid}/uid_map", ids.Users.ToString());
            SmallFile.Set($"/proc/{pid}/gid_map", ids.Groups.ToString());
            return holder;
        }
        catch
        {
            holder.Dispose();
            throw;
        }
    }

    /// <summary>A user namespace with these ids, kept by the descriptor alone.</summary>
    public static Fd OpenUserNamespace(IdMap ids)
    {
        using var holder = Start(ids);
        return PathFd.OpenRead(holder.PathOf("user"));
    }

    /// <summary>The file of its namespace "user", "net", "ipc" or "uts".</summary>
    public string PathOf(string name) => $"/proc/{Pid}/ns/{name}";

    /// <summary>Ends the process; its namespaces stay as far as something else holds them.</summary>
    public void Dispose()
    {
        _input.Dispose();
        TryReap();
        _process.Dispose();
    }

    private static int Spawn(byte[] program, Fd input, Fd output) =>
        MemoryProgram.Start("crisp-namespaces", program, new Dictionary<int, int> { [0] = input.Number, [1] = output.Number });

    private static Fd Duplicate(Fd fd)
    {
        const int DuplicateCloseOnExec = 1030;
        return new Fd(LinuxException.Check(Fcntl(fd, DuplicateCloseOnExec, 0), "fcntl F_DUPFD_CLOEXEC"));
    }

    private void AwaitNamespaces(Fd output)
    {
        Span<byte> ready = stackalloc byte[1];
        if (FdStream.Read(output, ready) == 0)
        {
            throw new LinuxException("unshare", "a user namespace", TryReap() is { Code: > 0, Signal: 0 } failed ? failed.Code : (int)Errno.ECHILD);
        }
    }

    private ChildExit? TryReap()
    {
        try
        {
            return PidFd.Reap(_process);
        }
        catch (LinuxException taken) when (taken.Error == Errno.ECHILD)
        {
            // Reaped already, by us or by one that reaps every child.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(Fd fd, int command, int argument);
}
