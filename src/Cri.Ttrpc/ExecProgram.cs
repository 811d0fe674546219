namespace Cri.Ttrpc;

/// <summary>What the program of an exec is given (<c>crisp_program</c> of ExecProcessRequest): known to who writes it and to who runs it.</summary>
public static class ExecProgram
{
    /// <summary>The descriptor of the pipe that it reports to.</summary>
    public const int ReportTo = 3;

    /// <summary>The descriptor of the pidfd of the container's first process.</summary>
    public const int Init = 4;
}
