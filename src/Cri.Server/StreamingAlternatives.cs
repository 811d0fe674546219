namespace Cri.Server;

/// <summary>The lists of the CRI whose answer can outgrow a message, each with the call that streams it.</summary>
public static class StreamingAlternatives
{
    /// <summary>The streaming call by the full name of the unary one.</summary>
    public static IReadOnlyDictionary<string, string> ByMethod { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["/runtime.v1.RuntimeService/ListPodSandbox"] = "StreamPodSandboxes",
        ["/runtime.v1.RuntimeService/ListContainers"] = "StreamContainers",
        ["/runtime.v1.RuntimeService/ListContainerStats"] = "StreamContainerStats",
        ["/runtime.v1.RuntimeService/ListPodSandboxStats"] = "StreamPodSandboxStats",
        ["/runtime.v1.RuntimeService/ListPodSandboxMetrics"] = "StreamPodSandboxMetrics",
        ["/runtime.v1.ImageService/ListImages"] = "StreamImages",
    };
}
