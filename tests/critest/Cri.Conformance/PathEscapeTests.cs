using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;
using Command = Cri.Testing.Command;
using Mount = Cri.Api.V1.Mount;

namespace Cri.Conformance;

/// <summary>
/// Images, containers and requests that try to get at a file of the host's: none is read, made, changed or mounted on outside the
/// container's root, whether the container then runs or is refused.
/// </summary>
public sealed class PathEscapeTests : ConformanceTest, IDisposable
{
    private const string Secret = "the-hosts-own-words";
    private readonly TemporaryDirectory _host = new("escape");
    private readonly TemporaryDirectory _volume = new("volume");

    public PathEscapeTests()
    {
        _host.File("file", Secret);
        _host.File("passwd", "intruder:x:4711:4711::/:/bin/sh\n");
        _host.File("group", "intruders:x:4712:intruder\n");
        _volume.File("mounted", "from the volume");
    }

    public void Dispose()
    {
        _host.Dispose();
        _volume.Dispose();
    }

    public static TheoryData<string> Places => ["proc", "sys", "dev", "etc", "data", "etc/hosts", "etc/hostname", "etc/resolv.conf", "work", "dev/shm"];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Image_LinkWhereSomethingIsMountedOrMade_TouchesNothingOfTheHost(string place)
    {
        var before = Listing();
        var pod = await RunPodAsync();
        foreach (var (number, target) in Targets(place).Index())
        {
            var image = await Cri.PullAsync(new TestImage
            {
                Name = $"escape-{place.Replace('/', '-').Replace('.', '-')}-{number}:v1",
                WorkingDir = place == "work" ? "/work/inner" : null,
                Files = [TestFile.Link(place, target)],
            });
            var output = await TryRunAsync(pod, image, "cat /data/file /etc/file /etc/hosts /work/file ./file /file; ls / . /data /work /dev/shm; touch /data/x /work/x ./x");

            Assert.DoesNotContain(Secret, output);
            Assert.Equal(before, Listing());
            Assert.Empty(MountTable.Below(_host.Path).Select(mount => mount.Target));
        }
    }

    [CrispdFact]
    public async Task Image_LinkAtTheSystemsDirectories_IsRefused()
    {
        var pod = await RunPodAsync();
        foreach (var name in new[] { "dev", "proc", "sys" })
        {
            var image = await Cri.PullAsync(new TestImage { Name = $"link-{name}:v1", Files = [TestFile.Link(name, _host.Path)] });

            await FailsAsync(StatusCode.FailedPrecondition, $"symbolic link at /{name}", () => pod.CreateAsync(["true"], config => config.Image.Image = image));
        }
    }

    [Theory]
    [InlineData("{0}/passwd")]
    [InlineData("../../../../../../../../..{0}/passwd")]
    [InlineData("/proc/1/root{0}/passwd")]
    [InlineData("/proc/self/root{0}/passwd")]
    [InlineData("/proc/self/cwd/../../../../..{0}/passwd")]
    public async Task Image_PasswdThatLinksToAFileOfTheHost_IsNotRead(string target)
    {
        var link = string.Format(target, _host.Path);
        var image = await Cri.PullAsync(new TestImage
        {
            Name = $"passwd-{Guid.NewGuid():N}:v1",
            Files = [TestFile.Link("etc/passwd", link), TestFile.Link("etc/group", link.Replace("passwd", "group"))],
        });
        var pod = await RunPodAsync();

        await FailsAsync(StatusCode.FailedPrecondition, "intruder", () => pod.CreateAsync(["true"], config =>
        {
            config.Image.Image = image;
            config.Linux.SecurityContext.RunAsUsername = "intruder";
        }));
        Assert.StartsWith("uid=4711 gid=0", await pod.OutputAsync("id", config =>
        {
            config.Image.Image = image;
            config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 4711 };
        }));
    }

    [Theory]
    [InlineData("passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("loop/x")]
    public async Task Image_PasswdThatLinksToItself_IsNone(string target)
    {
        var image = await Cri.PullAsync(new TestImage
        {
            Name = $"loop-{Guid.NewGuid():N}:v1",
            Files = [TestFile.Link("etc/passwd", target), TestFile.Link("etc/loop", "loop")],
        });
        var pod = await RunPodAsync();

        await FailsAsync(StatusCode.FailedPrecondition, "web", () => pod.CreateAsync(["true"], config =>
        {
            config.Image.Image = image;
            config.Linux.SecurityContext.RunAsUsername = "web";
        }));
    }

    // What the process is started in may be another place by the time an exec comes: it must be one of the container's.
    [Theory]
    [InlineData("/proc/1/cwd")]
    [InlineData("/proc/self/fd/7")]
    [InlineData("/proc/self/fd/8")]
    [InlineData("/proc/thread-self/root")]
    [InlineData("work")]
    [InlineData("../../../../../../..")]
    public async Task Exec_WorkingDirectorySwappedForALink_StaysInTheContainer(string target)
    {
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync(
            $"cd /; rmdir /work; ln -s {target} /work; rm -f /etc/passwd /etc/group; ln -s {_host.Path}/passwd /etc/passwd; echo swapped; sleep 1000",
            config => config.WorkingDir = "/work");
        await container.LoggedAsync("swapped");
        var before = Listing();

        string output;
        try
        {
            output = await container.ShellAsync($"pwd -P; ls -la . ..; cat .{_host.Path}/file ..{_host.Path}/file ../../../../../..{_host.Path}/file; id; touch ./x; true");
        }
        catch (RpcException refused)
        {
            output = refused.Status.Detail;
        }

        Assert.DoesNotContain(Secret, output);
        Assert.DoesNotContain("4711", output.Replace(container.Id, "", StringComparison.Ordinal));
        Assert.Equal(before, Listing());
    }

    // The pod's other containers write to a volume while this one is created: it is the kubelet that has to guard the source of a mount,
    // but where it is mounted is inside.
    [Fact]
    public async Task Start_MountPointSwappedForALinkInTheVolume_StaysInTheContainer()
    {
        var pod = await RunPodAsync();
        Mount Outer() => new() { HostPath = _volume.Path, ContainerPath = "/outer" };
        var before = Listing();
        var second = await pod.CreateAsync(["sh", "-c", "ls -R /outer; cat /outer/inner/file; touch /outer/inner/made"], config =>
        {
            config.Mounts.Add(Outer());
            config.Mounts.Add(new Mount { HostPath = Directory.CreateDirectory(_volume.Path + "-inner").FullName, ContainerPath = "/outer/inner" });
        });
        try
        {
            await (await pod.StartScriptAsync($"rm -rf /outer/inner; ln -s {_host.Path} /outer/inner", config => config.Mounts.Add(Outer()))).ExitAsync();

            var output = await StartedOutputAsync(second);

            Assert.DoesNotContain(Secret, output);
            Assert.Equal(before, Listing());
            Assert.Empty(MountTable.Below(_host.Path).Select(mount => mount.Target));
        }
        finally
        {
            await pod.RemoveAsync();
            Directory.Delete(_volume.Path + "-inner", recursive: true);
        }
    }

    [CrispdFact]
    public async Task Start_LogFileSwappedForALink_IsRefusedAndTheTargetUntouched()
    {
        var pod = await RunPodAsync();
        var container = await pod.CreateAsync(["echo", "hello"]);
        File.CreateSymbolicLink(container.LogPath, _host.Path + "/file");

        var error = await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        Assert.Contains("ELOOP", error.Status.Detail);
        Assert.Equal(Secret, File.ReadAllText(_host.Path + "/file"));
    }

    [CrispdFact]
    public async Task Start_LogDirectorySwappedForALink_IsRefusedAndNothingMade()
    {
        var pod = await RunPodAsync();
        var container = await pod.CreateAsync(["echo", "hello"]);
        var before = Listing();
        Directory.Delete(Path.GetDirectoryName(container.LogPath)!);
        Directory.CreateSymbolicLink(Path.GetDirectoryName(container.LogPath)!, _host.Path);

        var error = await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        Assert.Contains("ELOOP", error.Status.Detail);
        Assert.Equal(before, Listing());
        Directory.Delete(Path.GetDirectoryName(container.LogPath)!);
    }

    [CrispdFact]
    public async Task Start_LogFileSwappedForAPipe_IsRefusedAndDoesNotHang()
    {
        var pod = await RunPodAsync();
        var container = await pod.CreateAsync(["echo", "hello"]);
        Command.Run("mkfifo", container.LogPath);

        await Assert.ThrowsAsync<RpcException>(() => container.StartAsync().WaitAsync(Eventually.Patience));
        Assert.Equal("works", await pod.OutputAsync("echo works"));
    }

    [CrispdFact]
    public async Task ReopenContainerLog_FileSwappedForALink_IsRefusedAndTheOldOneGoesOn()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync("echo before; until test -e /go; do sleep 0.05; done; echo after");
        await container.LoggedAsync("before");
        File.Move(container.LogPath, container.LogPath + ".old");
        File.CreateSymbolicLink(container.LogPath, _host.Path + "/file");

        await Assert.ThrowsAsync<RpcException>(() => Cri.Runtime.ReopenContainerLogAsync(
            new ReopenContainerLogRequest { ContainerId = container.Id }).ResponseAsync);

        await container.ExecAsync(["touch", "/go"]);
        await container.ExitAsync();
        Assert.Equal(Secret, File.ReadAllText(_host.Path + "/file"));
        Assert.Contains("after", File.ReadAllText(container.LogPath + ".old"));
    }

    [Fact]
    public async Task LogDirectory_ThatIsReachedOverALink_IsUsed()
    {
        var link = _volume.Path + "/link";
        Directory.CreateSymbolicLink(link, Directory.CreateDirectory(_volume.Path + "/real").FullName);
        var pod = await RunPodAsync(config => config.LogDirectory = link + "/pod");

        Assert.Equal("logged", await pod.OutputAsync("echo logged"));
    }

    [Theory]
    [InlineData("../../x")]
    [InlineData("a/../../../x")]
    [InlineData("/x/y")]
    [InlineData("..")]
    public async Task Names_ThatLookLikePaths_StayNames(string name)
    {
        var pod = await RunPodAsync(config =>
        {
            config.Metadata.Name = name;
            config.Metadata.Namespace = name;
            config.Labels[name] = name;
            config.Annotations[name] = name;
            config.Annotations["io.kubernetes.cri.sandbox-id"] = name;
            config.Annotations["run.oci.hooks.stderr"] = _host.Path + "/file";
        });
        var output = await pod.OutputAsync("echo ran", config =>
        {
            config.Metadata.Name = name;
            config.Annotations[name] = name;
            config.Annotations["run.oci.delegate-cgroup"] = name;
        });

        Assert.Equal("ran", output);
        Assert.Equal((name, name), ((await pod.StatusAsync()).Metadata.Name, (await pod.StatusAsync()).Metadata.Namespace));
    }

    [CrispdFact]
    public async Task Request_PathsThatLeadOut_AreRefused()
    {
        var pod = await RunPodAsync();

        foreach (var path in new[] { "../out.log", "a/../../out.log", "/etc/out.log", ".." })
        {
            await FailsAsync(StatusCode.InvalidArgument, path, () => CreateAsync(pod, config => config.LogPath = path));
        }

        foreach (var parent in new[] { "/../out", "/a/../../out", "relative", "/a\nb" })
        {
            await FailsAsync(StatusCode.InvalidArgument, "cgroup parent", () => RunPodAsync(config => config.Linux.CgroupParent = parent));
        }

        await FailsAsync(StatusCode.InvalidArgument, "log_directory", async () => await Cri.Runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = TestPod.NewConfig(Cri, config => config.LogDirectory = "relative/../..") }));
        await FailsAsync(StatusCode.InvalidArgument, "hostname", () => RunPodAsync(config => config.Hostname = "a\nb"));
        await FailsAsync(StatusCode.InvalidArgument, "../runc", async () => await Cri.Runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = TestPod.NewConfig(Cri), RuntimeHandler = "../runc" }));
        foreach (var reference in new[] { "../../../etc/passwd", "localhost:5000/../x", "..", "registry/..%2f..%2fx:y" })
        {
            await FailsAsync(StatusCode.InvalidArgument, "", async () => await Cri.Images.PullImageAsync(
                new PullImageRequest { Image = new ImageSpec { Image = reference } }));
        }
    }

    // A profile is a small file: a device or a pipe in its place would be read for ever.
    [CrispdFact]
    public async Task Seccomp_LocalProfileThatIsNoFile_IsRefusedAndDoesNotHang()
    {
        var pod = await RunPodAsync();
        Command.Run("mkfifo", _host.Path + "/pipe");
        File.WriteAllText(_host.Path + "/large", new string(' ', 2 << 20));

        foreach (var path in new[] { "/dev/zero", "/dev/tty", _host.Path, _host.Path + "/pipe", _host.Path + "/large", "../relative" })
        {
            await FailsAsync(StatusCode.InvalidArgument, "seccomp", () => CreateAsync(pod, config => config.Linux.SecurityContext.Seccomp = new SecurityProfile
            {
                ProfileType = SecurityProfile.Types.ProfileType.Localhost,
                LocalhostRef = path,
            }).WaitAsync(Eventually.Patience));
        }

        // A file that is no profile is not quoted.
        var error = await FailsAsync(StatusCode.InvalidArgument, "seccomp", () => CreateAsync(pod, config => config.Linux.SecurityContext.Seccomp = new SecurityProfile
        {
            ProfileType = SecurityProfile.Types.ProfileType.Localhost,
            LocalhostRef = _host.Path + "/file",
        }));
        Assert.DoesNotContain(Secret, error.Status.Detail);
    }

    private static Task CreateAsync(TestPod pod, Action<ContainerConfig> change)
    {
        var request = new CreateContainerRequest { PodSandboxId = pod.Id, Config = pod.NewContainer(["true"]), SandboxConfig = pod.Config };
        change(request.Config);
        return pod.Endpoint.Runtime.CreateContainerAsync(request).ResponseAsync;
    }

    private IEnumerable<string> Targets(string place)
    {
        var up = string.Concat(Enumerable.Repeat("../", 12));
        yield return _host.Path;
        yield return up + _host.Path[1..];
        yield return _host.Path + "/file";
        yield return _host.Path + "/missing";
        yield return "/proc/1/root" + _host.Path;
        yield return "/" + place;
    }

    private async Task<string> TryRunAsync(TestPod pod, string image, string script)
    {
        try
        {
            var container = await pod.CreateAsync(["sh", "-c", script], config =>
            {
                config.Image.Image = image;
                config.Mounts.Add(new Mount { HostPath = _volume.Path, ContainerPath = "/data", Readonly = true });
                config.Mounts.Add(new Mount { HostPath = _volume.Path + "/mounted", ContainerPath = "/work/a/b/mounted", Readonly = true });
            });
            return await StartedOutputAsync(container);
        }
        catch (RpcException refused)
        {
            return refused.Status.Detail;
        }
    }

    private static async Task<string> StartedOutputAsync(TestContainer container)
    {
        try
        {
            await container.StartAsync();
        }
        catch (RpcException refused)
        {
            return refused.Status.Detail;
        }

        await container.ExitAsync();
        return container.Output;
    }

    // Everything about the host's directory that a stranger could have changed.
    private string Listing() => Command.Run("find", _host.Path, "-printf", "%P %y %m %U %G %s %T@\n");
}
