namespace Cri.RuntimeService.Cni;

/// <summary>Whether pods can be given a network, in the terms of the CRI's NetworkReady condition.</summary>
/// <param name="Ready">True when there is a valid configuration.</param>
/// <param name="Reason">A CamelCase word; "" when ready.</param>
/// <param name="Message">
/// What is wrong, for a person; "" when nothing is. Invalid files are named here even when another file is in use.
/// </param>
/// <param name="NetworkName">The network in use; null when there is none.</param>
/// <param name="ConfigurationFile">The file it comes from.</param>
/// <param name="Problems">The files that were skipped and why.</param>
public sealed record NetworkStatus(
    bool Ready,
    string Reason,
    string Message,
    string? NetworkName,
    string? ConfigurationFile,
    IReadOnlyList<ConfigurationProblem> Problems);

/// <summary>A configuration file that cannot be used.</summary>
/// <param name="File">Its path.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record ConfigurationProblem(string File, string Problem);
