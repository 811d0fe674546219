using Chosen = Cri.RuntimeService.Spec.CgroupDriver;
using Configured = Cri.Server.Configuration.CgroupDriver;

namespace Cri.Server;

/// <summary>Settles the cgroup driver: as configured, else systemd where it is PID 1, as kubeadm and the kubelet assume.</summary>
public static class CgroupDriverChoice
{
    // What sd_booted(3) looks for.
    private const string SystemdMark = "/run/systemd/system";

    /// <summary>The driver to use.</summary>
    public static Chosen Of(Configured configured) => new(configured switch
    {
        Configured.Systemd => true,
        Configured.Cgroupfs => false,
        _ => Directory.Exists(SystemdMark),
    });
}
