namespace Cri.Ttrpc.Server;

/// <summary>A service under its full name, with its methods under their short ones.</summary>
/// <param name="Name">The full name, as <see cref="TtrpcServiceName"/> lists them.</param>
/// <param name="Methods">The methods.</param>
public sealed record TtrpcService(string Name, IReadOnlyDictionary<string, TtrpcMethod> Methods);
