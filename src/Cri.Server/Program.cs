using Cri.Server;
using Cri.Server.Configuration;
using Cri.Server.Logging;

// crispd: the wiring is in Node.cs; this file only reads the command line and waits for a signal.
try
{
    if (CommandLine.Parse(args) is not { } commandLine)
    {
        return 0;
    }

    var configuration = ConfigurationLoader.Load(commandLine);
    var log = new Logger(configuration.LogLevel);
    await using var node = await Node.StartAsync(configuration, log);
    await Termination.WaitAsync();
    log.Info("stopping; pods go on");
    return 0;
}
catch (Exception error) when (error is ConfigurationException or StartException)
{
    Console.Error.WriteLine($"crispd: {error.Message}");
    return 1;
}
