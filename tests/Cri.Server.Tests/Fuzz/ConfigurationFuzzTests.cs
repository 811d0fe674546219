using Cri.Server.Configuration;
using Cri.Testing.Fuzz;
using Xunit;

namespace Cri.Server.Tests.Fuzz;

/// <summary>Configuration files of whatever bytes: each is read, or refused with words that name the file.</summary>
public sealed class ConfigurationFuzzTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-config-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // Each of these once ended the server with another exception than that of a mistake, or with no stack left.
    [Theory]
    [InlineData("root: [x\n\"y\"]")]
    [InlineData("root: &a [*a]")]
    [InlineData("a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]")]
    public void Load_HostileYaml_IsAMistake(string text) => Refused(text);

    [Fact]
    public void Load_YamlOfManyLevels_IsAMistake() => Refused("root: " + new string('[', 100_000));

    [Fact]
    public void Load_AnyBytes_IsReadOrRefused()
    {
        var file = Path.Combine(_directory, "config.yaml");
        var commandLine = CommandLine.Parse(["--config", file]);
        FuzzRun.Run(
            5_000,
            FuzzRun.Texts(
                "root: /data/crisp\nstate: /run/other\nlisten: unix:///run/other/cri.sock\nlogLevel: debug\ncgroupDriver: systemd\nselinux: disabled\ncdi: { specDirs: [/etc/cdi, /opt/cdi] }\n",
                "streaming:\n  address: \"::1\"\n  port: 10010\n  advertisedHost: node.test\n  idleTimeoutSeconds: 60\n  tls: { cert: /etc/crisp/cert.pem, key: /etc/crisp/key.pem }\nmetrics: { address: \"127.0.0.1:9323\" }\n",
                "registry: &r\n  hostsDir: /etc/certs.d/\ncni:\n  confDir: /etc/cni/other\n  binDirs: [/a, /b]\n  timeoutSeconds: 5\nruntimes:\n  default: kata-qemu\n  handlers:\n    kata-qemu: { path: /opt/kata/bin/kata }\nshim:\n  path: /usr/libexec/crisp-shim\n",
                "images:\n  pinned: [registry.test/pause:1]\n  maxParallelLayers: 3\n  limits: { layers: 100 }\n  policies:\n  - match: registry.test\n    require: signed\n"),
            FuzzRun.Texts(
                "&a ", "*a", "<<: *r\n", "- ", "? ", ": ", "!!int ", "!<tag> ", "|\n", ">-\n", "\t", "---\n", "...\n", "%YAML 9.9\n", "[*a,*a,*a]", "~", "null", "0x7fffffff", "1e9", ".inf",
                "root: /x\n", "\"\\x00\"", "'", "{", "[", "# ", "\ufeff", "\u2028", "../..", "-1"),
            input =>
            {
                File.WriteAllBytes(file, input);
                try
                {
                    Assert.StartsWith("/", ConfigurationLoader.Load(commandLine).Root);
                }
                catch (ConfigurationException error)
                {
                    Assert.NotEmpty(error.Message);
                }
            });
    }

    private void Refused(string text)
    {
        var file = Path.Combine(_directory, "hostile.yaml");
        File.WriteAllText(file, text);

        Assert.Contains(file, Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(CommandLine.Parse(["--config", file]))).Message);
    }
}
