using System.Text;
using Cri.Linux.Faults;
using Cri.Shim;
using Cri.Shim.Containerd;

const string Usage = """
    usage: crisp-shim serve --id ID --bundle DIRECTORY   with a listening socket as descriptor 3
           crisp-shim start | delete                     as containerd calls its shims

    """;

try
{
    var line = CommandLine.Parse(args);
    if (line.IsVersion)
    {
        StandardStreams.Write("crisp-shim 0.1.0\n"u8);
        return 0;
    }

    FaultPoint.Arm("CRISP_SHIM_FAULT", ShimFaultPoints.All);
    switch (line.Action)
    {
        case "serve":
            ServeCommand.Run(line);
            return 0;
        case "start":
            StartCommand.Run(line);
            return 0;
        case "delete":
            DeleteCommand.Run(line);
            return 0;
        default:
            StandardStreams.Write(Encoding.UTF8.GetBytes(Usage));
            return 2;
    }
}
catch (Exception e)
{
    StandardStreams.Log(e.Message);
    return 1;
}
