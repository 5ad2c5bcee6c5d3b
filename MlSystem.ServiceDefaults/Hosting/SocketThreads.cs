using System.Runtime.CompilerServices;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>
/// The runtime's threads that find sockets ready. Where <see cref="InlineScheduling.CompleteSockets"/> lets work go on on them, whatever may
/// compute for long or block leaves them first: the other sockets of such a thread wait for it.
/// </summary>
public static class SocketThreads
{
    /// <summary>Whether work goes on on them in this process.</summary>
    public static bool AreUsed { get; internal set; }

    /// <summary>Whether sockets may wait for the calling thread: it is none of the pool's.</summary>
    public static bool IsCurrent => AreUsed && !Thread.CurrentThread.IsThreadPoolThread;

    /// <summary>Awaited, goes on on a thread of the pool; at once where that is so already.</summary>
    public static Departure LeaveAsync() => default;

    /// <summary>See <see cref="LeaveAsync"/>.</summary>
    public readonly struct Departure : ICriticalNotifyCompletion
    {
        public bool IsCompleted => Thread.CurrentThread.IsThreadPoolThread || !AreUsed;

        public Departure GetAwaiter() => this;

        public void GetResult()
        {
            // There is nothing to get: the thread is the result.
        }

        public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static go => go(), continuation, preferLocal: false);

        public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static go => go(), continuation, preferLocal: false);
    }
}
