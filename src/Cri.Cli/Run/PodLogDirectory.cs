using Cri.Api.V1;
using Google.Protobuf.Collections;

namespace Cri.Cli.Run;

/// <summary>The directory with the logs of a pod that <c>crisp run</c> made: ours to make and to remove, as with a kubelet's pods.</summary>
internal sealed record PodLogDirectory(string Path)
{
    private const string Annotation = "crisp.run/log-directory";

    /// <summary>The directory of a new pod, named as a kubelet names it.</summary>
    public static PodLogDirectory For(string root, PodSandboxMetadata pod) =>
        new(System.IO.Path.Combine(System.IO.Path.GetFullPath(root), $"{pod.Namespace}_{pod.Name}_{pod.Uid}"));

    /// <summary>The directory that a pod's annotations name; null for a pod that somebody else made.</summary>
    public static PodLogDirectory? Recorded(MapField<string, string> annotations) =>
        annotations.TryGetValue(Annotation, out var path) ? new PodLogDirectory(path) : null;

    /// <summary>Notes the directory in a pod's configuration.</summary>
    public void RecordIn(PodSandboxConfig pod)
    {
        pod.LogDirectory = Path;
        pod.Annotations[Annotation] = Path;
    }

    /// <summary>Makes the directory with one for the container.</summary>
    public void Create(string containerName) => Directory.CreateDirectory(System.IO.Path.Combine(Path, containerName));

    /// <summary>Removes the directory and all logs in it; none is no error.</summary>
    public void Remove()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
