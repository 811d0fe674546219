using Cri.Server;
using Cri.Server.Configuration;
using Cri.Server.Logging;

// crispd: this file reads the command line and waits for a signal; Node.cs wires everything.
try
{
    var commandLine = CommandLine.Parse(args);
    if (commandLine.Help || commandLine.Version)
    {
        Console.Out.WriteLine(commandLine.Help ? CommandLine.Usage : $"crispd {Node.Version}");
        return 0;
    }

    var configuration = ConfigurationLoader.Load(commandLine);
    var log = Logger.ToStandardError(configuration.LogLevel);
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
