using System.Net;
using Cri.Server.Configuration;
using Cri.Server.Logging;
using Xunit;

namespace Cri.Server.Tests.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-config-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string ConfigFile => Path.Combine(_directory, "config.yaml");

    [Fact]
    public void Load_EmptyFile_IsTheDefaults()
    {
        var configuration = Load("");

        Assert.Equal(("/var/lib/crisp", "/run/crisp", "/run/crisp/crisp.sock"), (configuration.Root, configuration.State, configuration.Listen));
        Assert.Equal((LogLevel.Info, CgroupDriver.Auto), (configuration.LogLevel, configuration.CgroupDriver));
        Assert.Equal((IPAddress.Loopback, 0), (configuration.Streaming.Address, configuration.Streaming.Port));
        Assert.Equal(["/opt/cni/bin", "/usr/lib/cni"], configuration.Cni.BinDirs);
        Assert.Null(configuration.Metrics.Address);
        Assert.Null(configuration.Runtimes.Default);
    }

    [Fact]
    public void Load_EveryKey_IsRead()
    {
        var configuration = Load("""
            root: /data/crisp
            state: /run/other
            listen: unix:///run/other/cri.sock
            logLevel: debug
            cgroupDriver: systemd
            selinux: disabled
            cdi: { specDirs: [/etc/cdi, /opt/cdi] }
            streaming:
              address: "::1"
              port: 10010
              advertisedHost: node.test
              idleTimeoutSeconds: 60
              tls: { cert: /etc/crisp/cert.pem, key: /etc/crisp/key.pem }
            metrics: { address: "127.0.0.1:9323" }
            registry:
              hostsDir: /etc/certs.d/
            cni:
              confDir: /etc/cni/other
              binDirs: [/a, /b]
              timeoutSeconds: 5
            runtimes:
              default: kata-qemu
              handlers:
                kata-qemu: { path: /opt/kata/bin/kata }
            shim:
              path: /usr/libexec/crisp-shim
            """);

        Assert.Equal(("/data/crisp", "/run/other", "/run/other/cri.sock"), (configuration.Root, configuration.State, configuration.Listen));
        Assert.Equal((LogLevel.Debug, CgroupDriver.Systemd), (configuration.LogLevel, configuration.CgroupDriver));
        Assert.Equal((IPAddress.IPv6Loopback, 10010), (configuration.Streaming.Address, configuration.Streaming.Port));
        Assert.Equal(("node.test", TimeSpan.FromMinutes(1)), (configuration.Streaming.AdvertisedHost, configuration.Streaming.IdleTimeout));
        Assert.Equal(new TlsConfiguration("/etc/crisp/cert.pem", "/etc/crisp/key.pem"), configuration.Streaming.Tls);
        Assert.Equal(IPEndPoint.Parse("127.0.0.1:9323"), configuration.Metrics.Address);
        Assert.Equal(("/etc/cni/other", TimeSpan.FromSeconds(5)), (configuration.Cni.ConfDir, configuration.Cni.Timeout));
        Assert.Equal(["/a", "/b"], configuration.Cni.BinDirs);
        Assert.Equal(("kata-qemu", "/opt/kata/bin/kata"), (configuration.Runtimes.Default, configuration.Runtimes.Handlers["kata-qemu"].Path));
        Assert.Equal("/usr/libexec/crisp-shim", configuration.Shim.Path);
        Assert.Equal(SelinuxMode.Disabled, configuration.Selinux);
        Assert.Equal(["/etc/cdi", "/opt/cdi"], configuration.Cdi.SpecDirs);
    }

    [Theory]
    [InlineData("{ endpoint: 'http://127.0.0.1:4318' }", "http://127.0.0.1:4318/v1/traces")]
    [InlineData("{ endpoint: 'https://collector.test/otlp/traces' }", "https://collector.test/otlp/traces")]
    [InlineData("{ endpoint: 'http://127.0.0.1:4317', protocol: grpc }", "http://127.0.0.1:4317/")]
    public void Load_EndpointOfTraces_HasTheProtocolsPathUnlessItHasOne(string tracing, string url) =>
        Assert.Equal(url, Load($"tracing: {tracing}").Tracing.Endpoint!.ToString());

    [Fact]
    public void Load_StateWithoutListen_PutsTheSocketIntoIt() => Assert.Equal("/run/other/crisp.sock", Load("state: /run/other").Listen);

    [Fact]
    public void Load_KeyWithoutValue_IsTheDefault() => Assert.Equal("/etc/cni/net.d", Load("cni:\n  confDir:\nmetrics: ~").Cni.ConfDir);

    [Theory]
    [InlineData("logLevl: debug", "1:1: logLevl: unknown key; did you mean logLevel?")]
    [InlineData("root: /a\ncni:\n  bindirs: [/a]", "3:3: cni.bindirs: unknown key; did you mean cni.binDirs?")]
    [InlineData("cni:\n  somethingElse: 1", "2:3: cni.somethingElse: unknown key; known here: confDir, binDirs, template, timeoutSeconds")]
    [InlineData("runtimes: { handlers: { kata: { pth: /a } } }", "runtimes.handlers.kata.pth: unknown key; did you mean runtimes.handlers.kata.path?")]
    [InlineData("root: data", "1:7: root: expected an absolute path, found \"data\"")]
    [InlineData("root: [/a]", "1:7: root: expected an absolute path, found a list")]
    [InlineData("cni: /etc/cni", "1:6: cni: expected a map of keys, found \"/etc/cni\"")]
    [InlineData("cni:\n  binDirs: /opt/cni/bin", "2:12: cni.binDirs: expected a list of absolute paths, found \"/opt/cni/bin\"")]
    [InlineData("cni:\n  binDirs:\n    - /a\n    - b", "4:7: cni.binDirs[1]: expected an absolute path, found \"b\"")]
    [InlineData("cni: { binDirs: [] }", "cni.binDirs: expected at least one path, found an empty list")]
    [InlineData("cni: { timeoutSeconds: 1m }", "cni.timeoutSeconds: expected a whole number from 1 to 3600, found \"1m\"")]
    [InlineData("cni: { timeoutSeconds: 0 }", "expected a whole number from 1 to 3600, found \"0\"")]
    [InlineData("streaming: { port: 65536 }", "streaming.port: expected a whole number from 0 to 65535")]
    [InlineData("streaming: { address: localhost }", "streaming.address: expected an IP address such as 127.0.0.1, found \"localhost\"")]
    [InlineData("streaming: { advertisedHost: a b }", "streaming.advertisedHost: expected a host name or an IP address, found \"a b\"")]
    [InlineData("streaming: { idleTimeoutSeconds: 0 }", "streaming.idleTimeoutSeconds: expected a whole number from 1 to 604800")]
    [InlineData("streaming: { tls: { cert: /a } }", "streaming.tls: expected both cert and key, found only one of them")]
    [InlineData("streaming: { tls: { cert: a, key: /b } }", "streaming.tls.cert: expected an absolute path")]
    [InlineData("metrics: { address: 127.0.0.1 }", "metrics.address: expected off, or an IP address and a port")]
    [InlineData("tracing: { endpoint: 'collector:4317' }", "tracing.endpoint: expected a URL such as http://127.0.0.1:4318")]
    [InlineData("tracing: { protocol: thrift }", "tracing.protocol: expected one of http, grpc, found \"thrift\"")]
    [InlineData("tracing: { samplesPerMillion: 1000001 }", "tracing.samplesPerMillion: expected a whole number from 0 to 1000000")]
    [InlineData("runtimes: { execs: never }", "runtimes.execs: expected one of direct, runtime, found \"never\"")]
    [InlineData("logLevel: verbose", "1:11: logLevel: expected one of debug, info, warn, error, found \"verbose\"")]
    [InlineData("logLevel: 1", "logLevel: expected one of debug, info, warn, error, found \"1\"")]
    [InlineData("cgroupDriver: cgroup", "cgroupDriver: expected one of auto, cgroupfs, systemd, found \"cgroup\"")]
    [InlineData("selinux: maybe", "selinux: expected one of auto, enabled, disabled, found \"maybe\"")]
    [InlineData("cdi: { specDirs: [cdi] }", "cdi.specDirs")]
    [InlineData("listen: tcp://0.0.0.0:1", "listen: expected the absolute path of a unix socket, found \"tcp://0.0.0.0:1\"")]
    [InlineData("runtimes: { handlers: { Kata: { path: /a } } }", "runtimes.handlers.Kata: expected a handler's name")]
    [InlineData("runtimes: { handlers: { kata: {} } }", "runtimes.handlers.kata: expected the key path")]
    [InlineData("- root", "1:1: expected a map of keys, found a list")]
    [InlineData("root: /a\nroot: /b", "2:1: not valid YAML: Duplicate key")]
    [InlineData("root: \"/a", "not valid YAML")]
    [InlineData("root: /a\n---\nroot: /b", "more than one YAML document")]
    public void Load_Wrong_NamesPlaceKeyAndExpectation(string yaml, string expected)
    {
        var error = Assert.Throws<ConfigurationException>(() => Load(yaml));

        Assert.StartsWith(ConfigFile, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SeveralMistakes_NamesAllOfThem()
    {
        var error = Assert.Throws<ConfigurationException>(() => Load("root: a\nstate: b\nlgLevel: info"));

        Assert.Equal(3, error.Message.Split('\n').Length);
    }

    [Fact]
    public void Load_SocketPathTooLong_SaysHowLongItMayBe()
    {
        var error = Assert.Throws<ConfigurationException>(() => Load($"listen: /{new string('a', 107)}"));

        Assert.Contains("at most 107 bytes, found 108", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_DropIns_MergeByNameAndTheLaterWins()
    {
        DropIn("20-b.yaml", "cni: { timeoutSeconds: 20 }\nruntimes: { handlers: { b: { path: /b } } }");
        DropIn("10-a.yaml", "cni: { timeoutSeconds: 10, binDirs: [/ten] }\nruntimes: { handlers: { a: { path: /a } } }");
        DropIn("30-empty.yaml", "# nothing\n");
        DropIn("40-other.yml", "root: not read");

        var configuration = Load("cni: { confDir: /main, binDirs: [/main, /other], timeoutSeconds: 1 }");

        Assert.Equal(("/main", TimeSpan.FromSeconds(20)), (configuration.Cni.ConfDir, configuration.Cni.Timeout));
        Assert.Equal(["/ten"], configuration.Cni.BinDirs);
        Assert.Equal(["a", "b"], configuration.Runtimes.Handlers.Keys.Order());
    }

    [Fact]
    public void Load_MistakeInADropIn_NamesItsFile()
    {
        DropIn("10-a.yaml", "cni:\n  timeout: 3");

        var error = Assert.Throws<ConfigurationException>(() => Load("cni: { confDir: /main }"));

        Assert.Contains("config.d/10-a.yaml:2:3: cni.timeout: unknown key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Options_GoBeforeFiles()
    {
        File.WriteAllText(ConfigFile, "root: /file\nlogLevel: error");

        var configuration = ConfigurationLoader.Load(CommandLine.Parse(
            ["--config", ConfigFile, "--root=/option", "--state", "relative", "--log-level", "debug", "--listen", "unix:///s"]));

        Assert.Equal(("/option", "/s", LogLevel.Debug), (configuration.Root, configuration.Listen, configuration.LogLevel));
        Assert.Equal(Path.GetFullPath("relative"), configuration.State);
    }

    [Fact]
    public void Load_WrongOption_NamesIt()
    {
        File.WriteAllText(ConfigFile, "");

        var error = Assert.Throws<ConfigurationException>(
            () => ConfigurationLoader.Load(CommandLine.Parse(["--config", ConfigFile, "--log-level", "loud"])));

        Assert.Equal("--log-level: logLevel: expected one of debug, info, warn, error, found \"loud\"", error.Message);
    }

    [Fact]
    public void Load_NamedFileIsMissing_IsAnError()
    {
        var error = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(new CommandLine { ConfigFile = ConfigFile }));

        Assert.Equal($"--config: {ConfigFile}: no such file", error.Message);
    }

    private CrispConfiguration Load(string yaml)
    {
        File.WriteAllText(ConfigFile, yaml);
        return ConfigurationLoader.Load(new CommandLine { ConfigFile = ConfigFile });
    }

    private void DropIn(string name, string yaml) =>
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "config.d")).FullName, name), yaml);
}
