namespace Cri.Server;

/// <summary>Something without which crispd cannot serve; the message tells an operator what to do.</summary>
/// <param name="message">What is missing and what was expected.</param>
public sealed class StartException(string message) : Exception(message);
