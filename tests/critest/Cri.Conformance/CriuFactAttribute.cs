using System.Diagnostics;
using Xunit;

namespace Cri.Conformance;

/// <summary>A test that needs a CRIU in PATH which works with this kernel; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CriuFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> _trouble = new(Trouble);

    /// <summary>Skips the test where CRIU cannot dump, or where it can.</summary>
    public CriuFactAttribute(bool works = true)
    {
        Works = works;
        Skip = works ? _trouble.Value : _trouble.Value is null ? "CRIU works here" : null;
    }

    /// <summary>Whether the test needs a CRIU that works, or one that is missing or of no use.</summary>
    public bool Works { get; }

    private static string? Trouble()
    {
        try
        {
            using var check = Process.Start(new ProcessStartInfo("criu", "check") { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var said = check.StandardError.ReadToEnd();
            check.WaitForExit();
            return check.ExitCode == 0 ? null : $"criu check: {said}";
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return $"criu: {missing.Message}";
        }
    }
}
