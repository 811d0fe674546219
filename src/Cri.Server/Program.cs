using Cri.Server;
using Cri.Server.Configuration;
using Cri.Server.Logging;

// crispd: this file reads the command line and waits for a signal; Node.cs wires everything.
try
{
    var commandLine = CommandLine.Parse(args);
    if (commandLine.Help || commandLine.Version || commandLine.FaultPoints)
    {
        Console.Out.WriteLine(commandLine.Help ? CommandLine.Usage : commandLine.Version ? $"crispd {Node.Version}" : FaultInjection.Listing);
        return 0;
    }

    FaultInjection.Arm();

    var configuration = ConfigurationLoader.Load(commandLine);
    ProcessPrivileges.Limit();
    var log = Logger.ToStandardError(configuration.LogLevel);
    await using var node = await Node.StartAsync(configuration, log);
    await Termination.WaitAsync();
    log.Info("stopping; pods go on");
    return 0;
}
catch (Exception error) when (error is ConfigurationException or StartException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"crispd: {error.Message}");
    return 1;
}
