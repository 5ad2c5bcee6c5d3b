using System.Runtime.InteropServices;

namespace MlSystem.Inference.Versions;

/// <summary>
/// Gives what a freed version held back to the system. A session is tens of thousands of small native allocations; glibc keeps
/// them, once freed, in the arenas of the threads that made them, where loads of other threads don't find them: measured, 200 swaps
/// of a small model kept 45 MB so, with nothing leaked.
/// </summary>
internal static partial class NativeHeap
{
    private static int _queued;

    /// <summary>Soon, on another thread: it holds up whoever allocates for some milliseconds. Frees that come together are one trim.</summary>
    public static void TrimSoon()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref _queued, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static _ =>
                {
                    // Before the trim: what is freed during it asks for another.
                    Volatile.Write(ref _queued, 0);
                    Trim();
                },
                null);
        }
    }

    private static void Trim()
    {
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc: musl gives memory back by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint pad);
}
