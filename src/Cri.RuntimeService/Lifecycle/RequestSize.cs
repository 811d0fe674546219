using Google.Protobuf;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// How large a part of a request may be that the node keeps for as long as the object lives: labels, annotations, environment,
/// mounts. What is larger could be recorded, but not be listed any more, since an answer has 16 MiB at most.
/// </summary>
public static class RequestSize
{
    /// <summary>The most bytes of a pod's or a container's configuration, as protobuf; etcd keeps objects of 1.5 MiB at most.</summary>
    public const int MaxConfig = 2 << 20;

    /// <summary>The most bytes of a command's arguments together; execve(2) takes no more than 2 MiB, with the environment.</summary>
    public const int MaxCommand = 1 << 20;

    /// <summary>Throws INVALID_ARGUMENT with the limit when the configuration is larger.</summary>
    public static void CheckConfig(string what, IMessage config)
    {
        var size = config.CalculateSize();
        if (size > MaxConfig)
        {
            throw CriError.Invalid($"{what}: its configuration has {size} bytes; the limit is {MaxConfig}");
        }
    }

    /// <summary>Throws INVALID_ARGUMENT with the limit when the command is larger.</summary>
    public static void CheckCommand(string operation, IEnumerable<string> command)
    {
        var size = command.Sum(word => (long)word.Length);
        if (size > MaxCommand)
        {
            throw CriError.Invalid($"{operation}: the command has {size} characters; the limit is {MaxCommand}");
        }
    }
}
