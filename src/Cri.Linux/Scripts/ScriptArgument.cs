namespace Cri.Linux.Scripts;

/// <summary>An argument of a call in a <see cref="SystemCallScript"/>: a number, or the address of data that the script carries.</summary>
/// <param name="Value">The number, or the place of the data within the script's data.</param>
/// <param name="IsAddress">True for data.</param>
public readonly record struct ScriptArgument(ulong Value, bool IsAddress)
{
    /// <summary>A number.</summary>
    public static implicit operator ScriptArgument(long number) => new((ulong)number, false);

    /// <summary>A number; the null pointer, too.</summary>
    public static ScriptArgument From(long number) => number;
}
