using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>What to start: a program, its arguments, and where its descriptors go.</summary>
public sealed record ChildProcessOptions
{
    /// <summary>The absolute path of the program.</summary>
    public required string Path { get; init; }

    /// <summary>The arguments, starting with argv[0].</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment as NAME=value; null is <see cref="ChildEnvironment"/>.</summary>
    public IReadOnlyList<string>? Environment { get; init; }

    /// <summary>Descriptors to give the child: its number to ours. 0, 1 and 2 are /dev/null when absent.</summary>
    public IReadOnlyDictionary<int, int> Descriptors { get; init; } = new Dictionary<int, int>();

    /// <summary>The working directory; null keeps ours.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>True to make the child the leader of a new session (setsid(2)).</summary>
    public bool NewSession { get; init; }
}

/// <summary>
/// Starts processes by posix_spawn(3). Unlike System.Diagnostics.Process it installs no SIGCHLD handling, so the caller
/// reaps each child through its pidfd. All signals are unblocked and at their defaults in the child.
/// </summary>
public static unsafe partial class ChildProcess
{
    private const short SetSigDefault = 4;
    private const short SetSigMask = 8;
    private const short SetSid = 0x80;
    private const int ReadWrite = 2;

    // glibc's posix_spawn_file_actions_t is 80 bytes, posix_spawnattr_t 336, sigset_t 128; rounded up generously.
    private const int FileActionsSize = 256;
    private const int AttributesSize = 512;

    // Children are given their descriptors from numbers at or above this one, so that no dup2 overwrites a source.
    private const int SafeDescriptor = 200;
    private const int DuplicateCloseOnExec = 1030;

    // A millisecond each: for somebody else's fork to reach its exec on a machine that has much to do.
    private const int BusyAttempts = 1000;

    /// <summary>Starts the process and returns its pid. Throws ENOENT or EACCES when the program cannot be executed.</summary>
    public static int Start(ChildProcessOptions options)
    {
        var actions = stackalloc byte[FileActionsSize];
        var attributes = stackalloc byte[AttributesSize];
        var lifted = new List<Fd>();
        Fail(FileActionsInit(actions), "posix_spawn_file_actions_init", options.Path);
        Fail(AttributesInit(attributes), "posix_spawnattr_init", options.Path);
        try
        {
            AddDescriptors(options, actions, lifted);
            if (options.WorkingDirectory is { } directory)
            {
                Fail(AddChdir(actions, directory), "posix_spawn_file_actions_addchdir_np", directory);
            }

            SetSignals(attributes, options.NewSession);
            return Spawn(options, actions, attributes);
        }
        finally
        {
            AttributesDestroy(attributes);
            FileActionsDestroy(actions);
            lifted.ForEach(fd => fd.Dispose());
        }
    }

    /// <summary>
    /// As <see cref="Start"/>, for a program that may have been written a moment ago: the kernel answers ETXTBSY while anyone holds it
    /// open for writing, and so does a process that is being started at that instant. It is asked again for a second or more.
    /// </summary>
    public static int StartWhenFree(ChildProcessOptions options)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Start(options);
            }
            catch (LinuxException busy) when (busy.Error == Errno.ETXTBSY && attempt < BusyAttempts)
            {
                Thread.Sleep(1);
            }
        }
    }

    private static void AddDescriptors(ChildProcessOptions options, byte* actions, List<Fd> lifted)
    {
        for (var standard = 0; standard <= 2; standard++)
        {
            if (!options.Descriptors.ContainsKey(standard))
            {
                Fail(AddOpen(actions, standard, "/dev/null", ReadWrite, 0), "posix_spawn_file_actions_addopen", "/dev/null");
            }
        }

        foreach (var (target, source) in options.Descriptors)
        {
            var copy = new Fd(Lift(source));
            lifted.Add(copy);
            Fail(AddDup2(actions, copy.Number, target), "posix_spawn_file_actions_adddup2", options.Path);
        }
    }

    // EINVAL means that the limit on descriptors is below the number wanted: fcntl(2).
    private static int Lift(int source)
    {
        var copy = Fcntl(source, DuplicateCloseOnExec, SafeDescriptor);
        return copy >= 0 ? copy : LinuxException.FromLast("fcntl F_DUPFD_CLOEXEC") is var error && error.Error == Errno.EINVAL
            ? throw new LinuxException("fcntl F_DUPFD_CLOEXEC", null, (int)Errno.EMFILE)
            : throw error;
    }

    private static void SetSignals(byte* attributes, bool newSession)
    {
        var all = stackalloc byte[128];
        new Span<byte>(all, 128).Fill(0xff);
        var none = stackalloc byte[128];
        new Span<byte>(none, 128).Clear();
        Fail(SetDefaultSignals(attributes, all), "posix_spawnattr_setsigdefault", null);
        Fail(SetMask(attributes, none), "posix_spawnattr_setsigmask", null);
        var flags = (short)(SetSigDefault | SetSigMask | (newSession ? SetSid : 0));
        Fail(SetFlags(attributes, flags), "posix_spawnattr_setflags", null);
    }

    private static int Spawn(ChildProcessOptions options, byte* actions, byte* attributes)
    {
        var argv = Strings(options.Arguments);
        var envp = Strings(options.Environment ?? ChildEnvironment.Read());
        try
        {
            Fail(PosixSpawn(out var pid, options.Path, actions, attributes, argv, envp), "posix_spawn", options.Path);
            return pid;
        }
        finally
        {
            Free(argv);
            Free(envp);
        }
    }

    private static byte** Strings(IReadOnlyList<string> values)
    {
        var block = (byte**)NativeMemory.AllocZeroed((nuint)(values.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < values.Count; i++)
        {
            var length = Encoding.UTF8.GetByteCount(values[i]);
            block[i] = (byte*)NativeMemory.Alloc((nuint)length + 1);
            Encoding.UTF8.GetBytes(values[i], new Span<byte>(block[i], length));
            block[i][length] = 0;
        }

        return block;
    }

    private static void Free(byte** block)
    {
        for (var i = 0; block != null && block[i] != null; i++)
        {
            NativeMemory.Free(block[i]);
        }

        NativeMemory.Free(block);
    }

    // The posix_spawn family returns the error number instead of setting errno.
    private static void Fail(int error, string call, string? target)
    {
        if (error != 0)
        {
            throw new LinuxException(call, target, error);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PosixSpawn(out int pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int FileActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FileActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddChdir(byte* actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaultSignals(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fd, int command, int argument);
}
