using System.Runtime.InteropServices;

namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>Asks a process to drain and stop, which .NET itself can't: it only kills.</summary>
internal static partial class Signals
{
    private const int Sigterm = 15;

    /// <returns>False where there are no signals, or when the process is already gone.</returns>
    public static bool Terminate(int process) => !OperatingSystem.IsWindows() && Kill(process, Sigterm) == 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
