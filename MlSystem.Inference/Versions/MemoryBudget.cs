using System.Globalization;
using Microsoft.Extensions.Options;

namespace MlSystem.Inference.Versions;

/// <summary>Accounts for the memory of resident versions, and makes room for those that are to be loaded.</summary>
public sealed class MemoryBudget(IOptions<VersionsOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _used;
    private int _waiting;

    /// <summary>0: no bound.</summary>
    public long Limit { get; } = options.Value.MemoryBudgetBytes;

    /// <summary>Bytes of what is resident, being loaded, or dropped and still in use.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Lets the version go that may leave first; false when none may. Set by who knows the endpoints.</summary>
    internal Func<bool> Evict { get; set; } = () => false;

    /// <summary>Bytes of what never leaves. Set by who knows the endpoints.</summary>
    internal Func<long> Pinned { get; set; } = () => 0;

    /// <summary>Takes bytes of the budget, letting others go for it; waits while all that could go is in use.</summary>
    /// <exception cref="MemoryBudgetException">They can't be had.</exception>
    internal async Task<Reservation> ReserveAsync(VersionKey key, long bytes, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.RoomWaitSeconds), time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        Interlocked.Increment(ref _waiting);
        try
        {
            while (true)
            {
                var changed = Volatile.Read(ref _changed).Task;
                if (TryTake(bytes))
                {
                    return new Reservation(this, bytes);
                }

                if (bytes + Pinned() > Limit)
                {
                    throw Refused(key, bytes, string.Create(CultureInfo.InvariantCulture, $"{Pinned()} bytes of it are pinned"));
                }

                if (!Evict())
                {
                    await changed.WaitAsync(both.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refused(key, bytes, string.Create(CultureInfo.InvariantCulture, $"what fills it was in use for {options.Value.RoomWaitSeconds} s"));
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Something may have become free to leave.</summary>
    internal void Pulse()
    {
        if (Volatile.Read(ref _waiting) > 0)
        {
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    private bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (Limit > 0 && _used + bytes > Limit)
            {
                return false;
            }

            _used += bytes;
            return true;
        }
    }

    private void Add(long bytes)
    {
        lock (_lock)
        {
            _used += bytes;
        }

        Pulse();
    }

    private MemoryBudgetException Refused(VersionKey key, long bytes, string why) => new(string.Create(
        CultureInfo.InvariantCulture, $"{key.Model} version {key.Version} needs {bytes} bytes and the memory budget of {Limit} bytes has no room for it: {why}"));

    /// <summary>A part of the budget, given back when disposed.</summary>
    internal sealed class Reservation(MemoryBudget budget, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        /// <summary>Adds what turned out after loading; the next load makes up for it.</summary>
        public void Grow(long more)
        {
            Interlocked.Add(ref _bytes, more);
            budget.Add(more);
        }

        public void Dispose() => budget.Add(-Interlocked.Exchange(ref _bytes, 0));
    }
}

/// <summary>A version does not fit into memory now.</summary>
public sealed class MemoryBudgetException(string message) : Exception(message);
