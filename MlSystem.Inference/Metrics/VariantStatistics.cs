using System.Runtime.InteropServices;

namespace MlSystem.Inference.Metrics;

/// <summary>Counters of one variant of one endpoint since the process began. Read by the metrics exporter and the statistics extension; written without locks.</summary>
public sealed class VariantStatistics(string endpoint, string version, string variant)
{
    private readonly long[] _failures = new long[Enum.GetValues<FailureReason>().Length];
    private long _success;
    private long _failureNs;
    private long _inferences;
    private long _pending;
    private long _requestNs;
    private long _queueNs;
    private long _inputNs;
    private long _inferNs;
    private long _outputNs;
    private long _lastInferenceMs;
    private long _cacheHits;
    private long _cacheHitNs;
    private long _cacheMisses;
    private long _cacheMissNs;

    public string Endpoint { get; } = endpoint;

    public string Version { get; } = version;

    public string Variant { get; } = variant;

    /// <summary>Requests answered with a prediction.</summary>
    public long Success => Volatile.Read(ref _success);

    /// <summary>Rows predicted.</summary>
    public long Inferences => Volatile.Read(ref _inferences);

    /// <summary>The runs of the model, which several requests may share.</summary>
    public RunStatistics Runs { get; } = new();

    /// <summary>Requests admitted and not yet answered.</summary>
    public long Pending => Volatile.Read(ref _pending);

    /// <summary>Nanoseconds of failed requests.</summary>
    public long FailureNs => Volatile.Read(ref _failureNs);

    /// <summary>Nanoseconds from the first byte parsed to the answer written, of successful requests; likewise the parts below.</summary>
    public long RequestNs => Volatile.Read(ref _requestNs);

    public long QueueNs => Volatile.Read(ref _queueNs);

    /// <summary>Parsing, and looking features up.</summary>
    public long InputNs => Volatile.Read(ref _inputNs);

    public long InferNs => Volatile.Read(ref _inferNs);

    public long OutputNs => Volatile.Read(ref _outputNs);

    /// <summary>Milliseconds since 1970 of the last inference; 0 when there was none.</summary>
    public long LastInferenceMs => Volatile.Read(ref _lastInferenceMs);

    /// <summary>Requests that the response cache answered; they run nothing.</summary>
    public long CacheHits => Volatile.Read(ref _cacheHits);

    /// <summary>Nanoseconds of looking up and of waiting for an equal request's run.</summary>
    public long CacheHitNs => Volatile.Read(ref _cacheHitNs);

    /// <summary>Requests that the response cache did not know.</summary>
    public long CacheMisses => Volatile.Read(ref _cacheMisses);

    public long CacheMissNs => Volatile.Read(ref _cacheMissNs);

    public long Failures => _failures.Sum();

    public long FailuresBy(FailureReason reason) => Volatile.Read(ref _failures[(int)reason]);

    public void Begin() => Interlocked.Increment(ref _pending);

    /// <summary>A request that began here goes on with another variant.</summary>
    public void Abandon() => Interlocked.Decrement(ref _pending);

    /// <param name="ran">Whether the model ran for it; false when the answer came from the cache.</param>
    public void Succeed(in RequestTimes times, int rows, long nowMs, bool ran = true)
    {
        Interlocked.Decrement(ref _pending);
        Interlocked.Increment(ref _success);
        if (ran)
        {
            Interlocked.Add(ref _inferences, rows);
        }

        Interlocked.Add(ref _requestNs, times.RequestNs);
        Interlocked.Add(ref _queueNs, times.QueueNs);
        Interlocked.Add(ref _inputNs, times.InputNs);
        Interlocked.Add(ref _inferNs, times.InferNs);
        Interlocked.Add(ref _outputNs, times.OutputNs);
        Volatile.Write(ref _lastInferenceMs, nowMs);
    }

    public void CacheHit(long nanoseconds)
    {
        Interlocked.Increment(ref _cacheHits);
        Interlocked.Add(ref _cacheHitNs, nanoseconds);
    }

    public void CacheMiss(long nanoseconds)
    {
        Interlocked.Increment(ref _cacheMisses);
        Interlocked.Add(ref _cacheMissNs, nanoseconds);
    }

    public void Fail(FailureReason reason, long nanoseconds)
    {
        Interlocked.Decrement(ref _pending);
        Interlocked.Increment(ref _failures[(int)reason]);
        Interlocked.Add(ref _failureNs, nanoseconds);
    }
}

/// <summary>Triton's reasons of failure.</summary>
public enum FailureReason
{
    /// <summary>Refused by a bound.</summary>
    Rejected,

    /// <summary>The caller went away or its deadline passed.</summary>
    Canceled,

    /// <summary>The model failed.</summary>
    Backend,

    /// <summary>Anything else, such as bad input.</summary>
    Other,
}

/// <summary>Durations of one answered request, in nanoseconds.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RequestTimes(long RequestNs, long QueueNs, long InputNs, long InferNs, long OutputNs);
