using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Caching;

/// <summary>
/// The answers of one endpoint on this replica, the least recently used leaving first beyond its bytes. Equal requests at the same
/// time run once: one runs, the others take its answer; when it fails, one of the others runs.
/// </summary>
public sealed class ResponseCache
{
    private readonly EndpointCache _settings;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new();
    private readonly Dictionary<CacheKey, TaskCompletionSource<CachedAnswer?>> _running = [];
    private long _bytes;

    private ResponseCache(EndpointCache settings, TimeProvider time) => (_settings, _time) = (settings, time);

    /// <summary>Bytes of the answers that are kept.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The cache that an endpoint's settings want: the former one as long as they stay; null when it is off.</summary>
    public static ResponseCache? For(EndpointCache settings, ResponseCache? former, TimeProvider time) =>
        !settings.Enabled ? null : former?._settings == settings ? former : new ResponseCache(settings, time);

    /// <summary>Fills the call's outputs from an equal request's answer, or runs it.</summary>
    /// <param name="run">Runs the call; its fault is the call's own and nobody else's.</param>
    public async ValueTask<Fault?> RunAsync(InferenceCall call, Deadline deadline, Func<InferenceCall, Deadline, ValueTask<Fault?>> run)
    {
        var started = _time.GetTimestamp();
        var key = CacheKey.Of(call);
        while (true)
        {
            var (answer, other) = Look(key);
            if (answer is null && other is null)
            {
                call.Variant.Statistics.CacheMiss(Nanoseconds(started));
                return await LeadAsync(key, call, deadline, run);
            }

            answer ??= await deadline.RunAsync(static async (running, token) => await running.WaitAsync(token), other!);
            if (answer is not null)
            {
                answer.Give(call.Tensors);
                call.FromCache = true;
                call.RunStarted = call.RunEnded = _time.GetTimestamp();
                call.Variant.Statistics.CacheHit(Nanoseconds(started));
                return null;
            }
        }
    }

    private async ValueTask<Fault?> LeadAsync(CacheKey key, InferenceCall call, Deadline deadline, Func<InferenceCall, Deadline, ValueTask<Fault?>> run)
    {
        CachedAnswer? answer = null;
        try
        {
            var fault = await run(call, deadline);

            // What a graph answers without all its members is not what it answers when they are back.
            answer = fault is null && call.Tensors.MembersDropped.Count == 0 ? CachedAnswer.Take(call.Tensors) : null;
            return fault;
        }
        finally
        {
            Finish(key, answer);
        }
    }

    /// <returns>A kept answer, or the run under way of an equal request, or neither: then the caller runs and <see cref="Finish"/> follows.</returns>
    private (CachedAnswer? Answer, Task<CachedAnswer?>? Running) Look(CacheKey key)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var node))
            {
                if (_settings.TtlSeconds is not { } seconds || _time.GetElapsedTime(node.Value.Stored) < TimeSpan.FromSeconds(seconds))
                {
                    _byUse.Remove(node);
                    _byUse.AddFirst(node);
                    return (node.Value.Answer, null);
                }

                Remove(node);
            }

            if (_running.TryGetValue(key, out var running))
            {
                return (null, running.Task);
            }

            _running[key] = new TaskCompletionSource<CachedAnswer?>(TaskCreationOptions.RunContinuationsAsynchronously);
            return (null, null);
        }
    }

    private void Finish(CacheKey key, CachedAnswer? answer)
    {
        TaskCompletionSource<CachedAnswer?>? running;
        lock (_lock)
        {
            _running.Remove(key, out running);
            if (answer is not null && answer.Bytes <= _settings.MaxBytes)
            {
                _entries[key] = _byUse.AddFirst(new Entry(key, answer, _time.GetTimestamp()));
                _bytes += answer.Bytes;
                while (_bytes > _settings.MaxBytes)
                {
                    Remove(_byUse.Last!);
                }
            }
        }

        running?.SetResult(answer);
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _byUse.Remove(node);
        _entries.Remove(node.Value.Key);
        _bytes -= node.Value.Answer.Bytes;
    }

    private long Nanoseconds(long since) => _time.GetElapsedTime(since).Ticks * TimeSpan.NanosecondsPerTick;

    private sealed record Entry(CacheKey Key, CachedAnswer Answer, long Stored);
}
