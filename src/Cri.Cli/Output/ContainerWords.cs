using Cri.Api.V1;

namespace Cri.Cli.Output;

/// <summary>Container states as people say them.</summary>
internal static class ContainerWords
{
    /// <summary>The state in a word.</summary>
    public static string State(ContainerState state) => state switch
    {
        ContainerState.ContainerCreated => "created",
        ContainerState.ContainerRunning => "running",
        ContainerState.ContainerExited => "exited",
        _ => "unknown",
    };
}
