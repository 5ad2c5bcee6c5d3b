namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>
/// LightGBM has one number of threads for the whole process, which any call sets, and sizes buffers by it that later calls write into by the number
/// of the thread: with another number in between it writes behind their end. So trainings run side by side only with the same number of threads;
/// one with another number waits until they are done, and those who come later wait behind it.
/// </summary>
internal static class LightGbmThreads
{
    private static readonly object Gate = new();
    private static readonly LinkedList<int> Waiting = [];
    private static int _running;
    private static int _threads;

    /// <summary>Waits until this number of threads may be used.</summary>
    /// <returns>To be disposed of when nothing of LightGBM is in use any more. Not to be nested.</returns>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public static IDisposable Enter(int threads, CancellationToken cancellationToken)
    {
        using var wake = cancellationToken.Register(Wake);
        lock (Gate)
        {
            var place = Waiting.AddLast(threads);
            try
            {
                while (Waiting.First != place || (_running > 0 && _threads != threads))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Monitor.Wait(Gate);
                }

                (_running, _threads) = (_running + 1, threads);
                return new Lease();
            }
            finally
            {
                Waiting.Remove(place);
                Monitor.PulseAll(Gate);
            }
        }
    }

    private static void Wake()
    {
        lock (Gate)
        {
            Monitor.PulseAll(Gate);
        }
    }

    private sealed class Lease : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                lock (Gate)
                {
                    _running--;
                    Monitor.PulseAll(Gate);
                }
            }
        }
    }
}
