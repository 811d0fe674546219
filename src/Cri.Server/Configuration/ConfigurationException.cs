namespace Cri.Server.Configuration;

/// <summary>The configuration is wrong; the message has a line for each mistake, with its file, line and column.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
