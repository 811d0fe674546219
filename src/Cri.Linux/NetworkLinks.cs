using System.Runtime.InteropServices;
using System.Text;

namespace Cri.Linux;

/// <summary>What a network interface has carried since it was made (<c>struct rtnl_link_stats64</c>, linux/if_link.h).</summary>
public sealed record LinkCounters
{
    /// <summary>The interface's name.</summary>
    public required string Name { get; init; }

    /// <summary>True for the loopback interface.</summary>
    public bool IsLoopback { get; init; }

    /// <summary>Bytes received.</summary>
    public ulong RxBytes { get; init; }

    /// <summary>Packets received.</summary>
    public ulong RxPackets { get; init; }

    /// <summary>Packets that could not be received.</summary>
    public ulong RxErrors { get; init; }

    /// <summary>Packets received and dropped.</summary>
    public ulong RxDropped { get; init; }

    /// <summary>Bytes sent.</summary>
    public ulong TxBytes { get; init; }

    /// <summary>Packets sent.</summary>
    public ulong TxPackets { get; init; }

    /// <summary>Packets that could not be sent.</summary>
    public ulong TxErrors { get; init; }

    /// <summary>Packets dropped on the way out.</summary>
    public ulong TxDropped { get; init; }
}

/// <summary>The network interfaces of namespaces, asked of the kernel by rtnetlink(7).</summary>
public static unsafe partial class NetworkLinks
{
    private const int FamilyNetlink = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const ushort GetLink = 18;
    private const ushort NewLink = 16;
    private const ushort MessageError = 2;
    private const ushort MessageDone = 3;
    private const ushort RequestDump = 0x301;
    private const int HeaderSize = 16;
    private const int InfoSize = 16;
    private const ushort AttributeName = 3;
    private const ushort AttributeCounters = 23;
    private const uint Loopback = 8;
    private const int BufferSize = 32 << 10;

    /// <summary>
    /// The interfaces of each of several network namespaces, given by the paths where they are pinned; null for one that
    /// cannot be entered any more. One thread of its own visits them all.
    /// </summary>
    public static Task<IReadOnlyList<LinkCounters>?[]> ReadAsync(IReadOnlyList<string> namespaces) => namespaces.Count == 0
        ? Task.FromResult<IReadOnlyList<LinkCounters>?[]>([])
        : OwnThread.RunAsync(() => namespaces.Select(ReadIn).ToArray());

    /// <summary>The interfaces of the calling thread's namespace.</summary>
    public static IReadOnlyList<LinkCounters> Read()
    {
        using var socket = new Fd(LinuxException.Check(Socket(FamilyNetlink, RawCloseOnExec, 0), "socket", "netlink"));
        Request(socket);
        var links = new List<LinkCounters>();
        var buffer = stackalloc byte[BufferSize];
        for (var more = true; more;)
        {
            var count = LinuxException.Check((long)Receive(socket.Number, buffer, BufferSize, 0), "recv", "netlink");
            more = Parse(new ReadOnlySpan<byte>(buffer, (int)count), links);
        }

        return links;
    }

    private static IReadOnlyList<LinkCounters>? ReadIn(string path)
    {
        try
        {
            return Namespaces.WithinNet(path, Read);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    // struct nlmsghdr, then struct ifinfomsg of zeros: every interface.
    private static void Request(Fd socket)
    {
        var request = stackalloc byte[HeaderSize + InfoSize];
        new Span<byte>(request, HeaderSize + InfoSize).Clear();
        *(uint*)request = HeaderSize + InfoSize;
        *(ushort*)(request + 4) = GetLink;
        *(ushort*)(request + 6) = RequestDump;
        LinuxException.Check((long)Send(socket.Number, request, HeaderSize + InfoSize, 0), "send", "netlink RTM_GETLINK");
    }

    // False once the last message is here.
    private static bool Parse(ReadOnlySpan<byte> messages, List<LinkCounters> links)
    {
        while (messages.Length >= HeaderSize)
        {
            var length = MemoryMarshal.Read<int>(messages);
            switch (MemoryMarshal.Read<ushort>(messages[4..]))
            {
                case MessageDone:
                    return false;
                case MessageError:
                    throw new LinuxException("netlink", "RTM_GETLINK", -MemoryMarshal.Read<int>(messages[HeaderSize..]));
                case NewLink:
                    links.Add(ParseLink(messages[HeaderSize..length]));
                    break;
            }

            messages = messages[Math.Min(Aligned(length), messages.Length)..];
        }

        return true;
    }

    private static LinkCounters ParseLink(ReadOnlySpan<byte> message)
    {
        var link = new LinkCounters { Name = "", IsLoopback = (MemoryMarshal.Read<uint>(message[8..]) & Loopback) != 0 };
        var attributes = message[InfoSize..];
        while (attributes.Length >= 4)
        {
            var length = MemoryMarshal.Read<ushort>(attributes);
            var value = attributes[4..length];
            link = MemoryMarshal.Read<ushort>(attributes[2..]) switch
            {
                AttributeName => link with { Name = Encoding.UTF8.GetString(value.TrimEnd((byte)0)) },
                AttributeCounters => WithCounters(link, MemoryMarshal.Cast<byte, ulong>(value)),
                _ => link,
            };
            attributes = attributes[Math.Min(Aligned(length), attributes.Length)..];
        }

        return link;
    }

    private static LinkCounters WithCounters(LinkCounters link, ReadOnlySpan<ulong> counters) => link with
    {
        RxPackets = counters[0],
        TxPackets = counters[1],
        RxBytes = counters[2],
        TxBytes = counters[3],
        RxErrors = counters[4],
        TxErrors = counters[5],
        RxDropped = counters[6],
        TxDropped = counters[7],
    };

    private static int Aligned(int length) => (length + 3) & ~3;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int fd, byte* data, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int fd, byte* data, nuint length, int flags);
}
