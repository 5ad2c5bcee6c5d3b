namespace MlSystem.AppHost.Standalone;

/// <summary>Why the host does not start, or can't go on: one line for its user.</summary>
internal sealed class StartRefusedException(string message, int exitCode = StartRefusedException.Unusable) : Exception(message)
{
    /// <summary>The command line is wrong (EX_USAGE of sysexits.h).</summary>
    public const int Usage = 64;

    /// <summary>A port, folder, file or setting can't be used (EX_CONFIG of sysexits.h). A service that exits with this code is not started again.</summary>
    public const int Unusable = 78;

    public int ExitCode => exitCode;
}
