using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Selinux;

/// <summary>Gives pods and containers their SELinux labels; none where the host has no policy or labelling is switched off.</summary>
/// <param name="policy">The host's policy; null for no labels.</param>
/// <param name="categories">The levels in use.</param>
public sealed class SelinuxLabeler(SelinuxPolicy? policy, SelinuxCategories categories)
{
    /// <summary>
    /// The labels of a new pod. It holds their level, its own or the one it asks for, until <see cref="Release"/>. Throws
    /// INVALID_ARGUMENT for a label that the policy does not know.
    /// </summary>
    public SelinuxLabels Acquire(V1.SELinuxOption? options)
    {
        if (policy is null)
        {
            return SelinuxLabels.None;
        }

        var level = options is { Level.Length: > 0 } ? options.Level : null;
        Check(Labels(policy, options, level ?? policy.Process.Level));
        if (level is null)
        {
            level = categories.Allocate(policy.Process.Level.Split(':')[0]);
        }
        else
        {
            categories.Reserve(level);
        }

        return Labels(policy, options, level);
    }

    /// <summary>Gives the level of a pod's labels back.</summary>
    public void Release(SelinuxLabels labels)
    {
        if (labels.Level is { } level)
        {
            categories.Release(level);
        }
    }

    /// <summary>Takes note of a pod found at start-up.</summary>
    public void Restore(SelinuxLabels labels)
    {
        if (labels.Level is { } level)
        {
            categories.Reserve(level);
        }
    }

    /// <summary>
    /// The labels of a container: its pod's, changed by what it asks for itself. A privileged one that asks for nothing runs
    /// without a label of its own. Throws INVALID_ARGUMENT for a label that the policy does not know.
    /// </summary>
    public SelinuxLabels OfContainer(SelinuxLabels pod, V1.LinuxContainerSecurityContext security)
    {
        if (policy is null)
        {
            return SelinuxLabels.None;
        }

        if (security.SelinuxOptions is not { } options)
        {
            return security.Privileged ? pod with { Process = null } : pod;
        }

        var level = options.Level.Length > 0 ? options.Level : pod.Level ?? policy.Process.Level;
        return Check(Labels(policy, options, level));
    }

    private static SelinuxLabels Labels(SelinuxPolicy policy, V1.SELinuxOption? options, string level) =>
        new(policy.Process.ForProcess(options, level).ToString(), policy.File.ForFiles(options, level).ToString());

    private SelinuxLabels Check(SelinuxLabels labels)
    {
        foreach (var label in new[] { labels.Process!, labels.Mount! })
        {
            if (!policy!.IsValid(label))
            {
                throw CriError.Invalid($"selinux_options: the host's policy does not know the label \"{label}\"");
            }
        }

        return labels;
    }
}
