using Xunit;

namespace Cri.Cli.Tests.Commands;

public sealed class CommandTests
{
    [Fact]
    public async Task Version_Table_NamesBothSides()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("version");
        Assert.Equal(new CommandResult(0, "crisp:    0.1.0\nruntime:  fake 1.2.3\nCRI:      v1\n", ""), result);
    }

    [Fact]
    public async Task Version_Json_IsTheMessage()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("version", "-o", "json");
        Assert.Contains("\"runtimeName\": \"fake\"", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_Table_ShowsConditions()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("info");
        Assert.StartsWith(
            """
            CONDITION     STATUS  REASON     MESSAGE
            RuntimeReady  yes     -          -
            NetworkReady  NO      NoNetwork  no CNI configuration

            """,
            result.Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task PodsAndPs_Table_ShowWhatRuns()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        var pods = (await node.RunAsync("pods")).Out.Split('\n');
        Assert.Matches("^POD ID +CREATED +STATE +NAME +NAMESPACE +IP +ATTEMPT +RUNTIME$", pods[0]);
        Assert.Matches(@"^aaaaaaaaaaaaa +\d+d ago +ready +web +default +10\.1\.2\.3 +0 +\(default\)$", pods[1]);
        var ps = (await node.RunAsync("ps")).Out.Split('\n');
        Assert.Matches("^CONTAINER +IMAGE +CREATED +STATE +NAME +ATTEMPT +POD ID +POD$", ps[0]);
        Assert.Matches(@"^ccccccccccccc +nginx +\d+d ago +running +web +0 +aaaaaaaaaaaaa +web$", ps[1]);
    }

    [Fact]
    public async Task Update_Limits_AreSentAndTheIdPrinted()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        var result = await node.RunAsync("update", "ccc", "--memory", "64Mi", "--cpu-quota", "-1", "--cpuset-cpus", "0-1");
        Assert.Equal(new CommandResult(0, "ccccccccccccccc0\n", ""), result);
        Assert.Contains(
            "UpdateContainerResources ccccccccccccccc0 { \"cpuQuota\": \"-1\", \"memoryLimitInBytes\": \"67108864\", \"cpusetCpus\": \"0-1\" }",
            node.Runtime.Calls);
    }

    [Theory]
    [InlineData("update")]
    [InlineData("update", "ccc")]
    [InlineData("update", "ccc", "--memory", "much")]
    public async Task Update_NothingToChange_IsWrongUsage(params string[] words)
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        Assert.Equal(2, (await node.RunAsync(words)).Code);
    }

    [Fact]
    public async Task Ps_StoppedContainer_OnlyWithAll()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        await node.RunAsync("stop", "-t", "3", "ccc");
        Assert.Contains("StopContainer 3", node.Runtime.Calls);
        Assert.Equal("", (await node.RunAsync("ps", "-q")).Out);
        Assert.Equal("ccccccccccccccc0\n", (await node.RunAsync("ps", "-aq")).Out);
    }

    [Fact]
    public async Task Logs_TailOfTheContainer_PrintsBothStreams()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        Assert.Equal(new CommandResult(0, "hello sleep\n", "oops\n"), await node.RunAsync("logs", "web"));
        Assert.Equal(new CommandResult(0, "", "oops\n"), await node.RunAsync("logs", "--tail", "1", "web"));
    }

    [Fact]
    public async Task Logs_Follow_EndsWithTheContainer()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        var follow = node.RunAsync("logs", "-f", "web");
        await node.RunAsync("stop", "web");
        Assert.Equal(new CommandResult(0, "hello sleep\n", "oops\n"), await follow);
    }

    [Fact]
    public async Task Logs_FollowInterrupted_EndsQuietly()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        using var interrupt = new CancellationTokenSource();
        using var output = new MemoryStream();
        var follow = node.RunAsync(output, interrupt.Token, "logs", "-f", "web");
        while (output.Length == 0)
        {
            await Task.Delay(10);
        }

        await interrupt.CancelAsync();
        Assert.Equal(0, (await follow).Code);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("exec", "-s")]
    [InlineData("exec", "--kill-after", "9")]
    public async Task Exec_CommandWithDashes_PassesThemOnAndExitsWithItsCode(params string[] words)
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        var result = await node.RunAsync([.. words, "web", "ls", "-l", "--output", "x"]);
        Assert.Equal(new CommandResult(7, "ls|-l|--output|x\n", "warned\n"), result);
    }

    [Fact]
    public async Task Inspect_EachKind_GivesJson()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        Assert.Contains("\"state\": \"CONTAINER_RUNNING\"", (await node.RunAsync("inspect", "web")).Out, StringComparison.Ordinal);
        Assert.Contains("\"ip\": \"10.1.2.3\"", (await node.RunAsync("inspect", "aaaa")).Out, StringComparison.Ordinal);
        Assert.Contains("\"repoTags\"", (await node.RunAsync("inspect", "nginx")).Out, StringComparison.Ordinal);
        Assert.Equal("crisp: inspect nothing: no such container, pod or image\n", (await node.RunAsync("inspect", "nothing")).Error);
    }

    [Fact]
    public async Task Rm_RunningPod_NeedsForceAndTakesTheLogs()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        var refused = await node.RunAsync("rm", "web");
        Assert.Equal(new CommandResult(1, "", "crisp: remove web: it is running; stop it first, or use --force\n"), refused);
        Assert.Equal(new CommandResult(0, "aaaaaaaaaaaaaaa0\n", ""), await node.RunAsync("rm", "-f", "web"));
        Assert.Empty(Directory.GetFileSystemEntries(node.LogRoot));
    }

    [Fact]
    public async Task Images_PullListRemove_WorkTogether()
    {
        await using var node = await FakeNode.StartAsync();
        var digest = "sha256:" + new string('b', 64);
        Assert.Equal(new CommandResult(0, digest + "\n", ""), await node.RunAsync("pull", "--creds", "me:secret:x", "localhost:5000/app:v1"));
        Assert.Equal(("me", "secret:x"), (node.Images.Pulls[0].Auth.Username, node.Images.Pulls[0].Auth.Password));
        Assert.Equal(
            """
            IMAGE               TAG  IMAGE ID       SIZE
            localhost:5000/app  v1   bbbbbbbbbbbbb  1.23MB

            """,
            (await node.RunAsync("images")).Out);
        Assert.Equal(0, (await node.RunAsync("rmi", "localhost:5000/app:v1")).Code);
        Assert.Equal("crisp: remove image localhost:5000/app:v1: no such image\n", (await node.RunAsync("rmi", "localhost:5000/app:v1")).Error);
    }

    [Fact]
    public async Task ImageFs_Table_ShowsUsage()
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(
            """
            HOLDS   MOUNT POINT     USED    INODES
            images  /var/lib/crisp  5.00MB  42

            """,
            (await node.RunAsync("imagefs")).Out);
    }

    [Fact]
    public async Task Stats_Table_ShowsMemory()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        Assert.Matches(@"ccccccccccccc +web +- +12\.3MB +0B +0", (await node.RunAsync("stats")).Out);
    }

    [Fact]
    public async Task Statsp_Table_ShowsMemoryProcessesAndTraffic()
    {
        await using var node = await FakeNode.StartAsync();
        await RunWebAsync(node);
        Assert.Matches(@"web +- +45\.6MB +7 +2\.00kB +5B", (await node.RunAsync("statsp")).Out);
    }

    [Fact]
    public async Task Events_OfAPodAndAContainer_ShowsALineForEach()
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(
            """
            1970-01-01T00:00:01.000Z  created  pod        p1  default/web
            1970-01-01T00:00:02.000Z  stopped  container  c1  default/web/nginx  exit code 3, Error

            """,
            (await node.RunAsync("events")).Out);
    }

    [Fact]
    public async Task Metrics_Always_ShowsPrometheusText()
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(
            """
            # HELP bytes Bytes.
            # TYPE bytes gauge
            bytes{id="c1",device="a\"b"} 7

            """,
            (await node.RunAsync("metrics")).Out);
    }

    [Theory]
    [InlineData("bogus")]
    [InlineData("logs")]
    [InlineData("ps", "--output", "xml")]
    [InlineData("logs", "--tail", "x", "web")]
    [InlineData("ps", "--timeout", "soon")]
    [InlineData("run", "-p", "x", "nginx")]
    public async Task Any_WrongUsage_ExitsWithTwo(params string[] args)
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync(args);
        Assert.Equal(2, result.Code);
        Assert.StartsWith("crisp: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_NobodyListens_SaysWhichSocket()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("version", "--address", "/tmp/crisp-nobody.sock");
        Assert.Equal(new CommandResult(1, "", "crisp: version: connect to /tmp/crisp-nobody.sock: no such socket\n"), result);
    }

    [Fact]
    public async Task Any_Help_IsOnStandardOutput()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("run", "--help");
        Assert.Equal(0, result.Code);
        Assert.Contains("--publish", result.Out, StringComparison.Ordinal);
    }

    private static async Task RunWebAsync(FakeNode node)
    {
        var result = await node.RunAsync("run", "-d", "--name", "web", "--log-dir", node.LogRoot, "nginx", "sleep");
        Assert.Equal(0, result.Code);
    }
}
