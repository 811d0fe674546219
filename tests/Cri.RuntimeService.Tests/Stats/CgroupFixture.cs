using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Tests.Stats;

/// <summary>A directory with the text of cgroup files, as kernels that are not here write them.</summary>
internal sealed class CgroupFixture : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cgroup-").FullName;

    internal CgroupFixture(params (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files)
        {
            File.WriteAllText(Path.Combine(_directory, name), text);
        }
    }

    internal CgroupFiles V2 => Files(isV2: true);

    internal CgroupFiles V1 => Files(isV2: false);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private CgroupFiles Files(bool isV2) => new()
    {
        IsV2 = isV2,
        Memory = _directory,
        Cpu = _directory,
        CpuAccounting = _directory,
        Pids = _directory,
        Io = _directory,
        Pressure = isV2 ? _directory : null,
    };
}
