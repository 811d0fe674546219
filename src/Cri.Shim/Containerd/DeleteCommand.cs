using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Shim.Processes;
using Cri.Shim.Runtime;
using Cri.Shim.Tasks;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cri.Shim.Containerd;

/// <summary>containerd's <c>delete</c>: cleans up after a shim that died, and prints an encoded DeleteResponse.</summary>
internal static class DeleteCommand
{
    private const int KilledStatus = 128 + Signals.SigKill;

    /// <summary>Runs it.</summary>
    public static void Run(CommandLine line)
    {
        // The working directory may be the bundle of another container of the group.
        var bundle = Path.Combine(Path.GetDirectoryName(line.Bundle)!, line.Id);
        using var loop = new EventLoop();
        SynchronizationContext.SetSynchronizationContext(loop);
        var deleting = DeleteAsync(loop, line, bundle);
        var rest = new Rest();
        loop.Run(rest.Breathe, rest.Take);
        deleting.GetAwaiter().GetResult();
        var exitedAt = Timestamp.FromDateTime(DateTime.UtcNow);
        StandardStreams.Write(new DeleteResponse { ExitStatus = KilledStatus, ExitedAt = exitedAt, Pid = Pid(bundle) }.ToByteArray());
    }

    private static async Task DeleteAsync(EventLoop loop, CommandLine line, string bundle)
    {
        try
        {
            var options = RuntimeOptions.Load(bundle, line.Namespace);
            await new OciRuntimeCommand(new Children(loop), options, bundle, line.Id, OciRuntimeCommand.DefaultLimit).DeleteAsync();
        }
        catch (TtrpcException e)
        {
            // The container may be gone already; the mounts are not.
            StandardStreams.Log(e.Message);
        }
        finally
        {
            RootFilesystem.Unmount(Path.Combine(bundle, "rootfs"));
            RemoveSocket(Path.Combine(bundle, StartCommand.AddressFile));
            loop.Stop();
        }
    }

    private static void RemoveSocket(string addressFile)
    {
        if (File.Exists(addressFile))
        {
            ShimSocket.RemoveDead(SmallFile.ReadText(addressFile)[StartCommand.AddressScheme.Length..]);
        }
    }

    private static uint Pid(string bundle)
    {
        var file = Path.Combine(bundle, "init.pid");
        return File.Exists(file) ? (uint)PidFile.Read(file) : 0;
    }
}
