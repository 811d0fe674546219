using System.Security.Cryptography;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>Ids of pods and containers: 64 hexadecimal digits, the form that log shippers and cAdvisor expect.</summary>
public static class ObjectId
{
    /// <summary>A new random id.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    /// <summary>True when a directory name has the form of an id.</summary>
    public static bool IsValid(string name) => name.Length == 64 && name.All(char.IsAsciiHexDigitLower);
}
