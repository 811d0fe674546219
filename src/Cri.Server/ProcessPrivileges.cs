using Cri.Linux;

namespace Cri.Server;

/// <summary>
/// What crispd gives up at its start. Nothing of it is passed on to containers, which may be allowed what crispd itself never needs:
/// so neither the bounding set nor no_new_privs nor RLIMIT_CORE is touched, all of which children would inherit.
/// </summary>
public static class ProcessPrivileges
{
    /// <summary>Limits this process: call it before there are threads that serve requests.</summary>
    public static void Limit()
    {
        ThreadCapabilities.DropUnneeded();
        CoreDump.Forbid();
        ProcessUmask.Set(ProcessUmask.Usual);
        ProcessDescriptors.KeepInherited();
    }
}
