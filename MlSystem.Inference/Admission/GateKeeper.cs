using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Admission;

/// <summary>Refuses early what this replica can't take: a bound for the process and one for each endpoint.</summary>
public sealed class GateKeeper(IOptions<AdmissionOptions> options)
{
    /// <summary>Seconds after which a refused caller may try again.</summary>
    public const int RetryAfterSeconds = 1;

    private readonly ConcurrentDictionary<string, EndpointGate> _gates = new(StringComparer.Ordinal);
    private readonly Fault _full = new(FaultKind.ServerBusy, $"this server has {options.Value.MaxRequests} requests under way, try again later");
    private readonly int _max = options.Value.MaxRequests;
    private int _underWay;

    /// <summary>Requests under way in the process.</summary>
    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Null when admitted; then <see cref="Leave"/> must follow.</summary>
    public Fault? TryEnter()
    {
        if (Interlocked.Increment(ref _underWay) <= _max)
        {
            return null;
        }

        Interlocked.Decrement(ref _underWay);
        return _full;
    }

    public void Leave() => Interlocked.Decrement(ref _underWay);

    /// <summary>The gate of an endpoint; the same one as long as its limits stay.</summary>
    public EndpointGate For(string endpoint, EndpointLimits limits)
    {
        var running = Math.Max(limits.MaxConcurrency ?? options.Value.MaxConcurrency, 1);
        var waiting = Math.Max(limits.MaxQueue ?? options.Value.MaxQueue, 0);
        return _gates.AddOrUpdate(
            endpoint,
            name => new EndpointGate(name, running, waiting),
            (name, gate) => gate.MaxRunning == running && gate.MaxWaiting == waiting ? gate : new EndpointGate(name, running, waiting));
    }

    /// <summary>The time a request of an endpoint may take where it names none itself.</summary>
    public TimeSpan Timeout(EndpointLimits limits) => TimeSpan.FromMilliseconds(limits.TimeoutMs ?? options.Value.TimeoutMs);
}
