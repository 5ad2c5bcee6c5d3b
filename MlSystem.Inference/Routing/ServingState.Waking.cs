using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Routing;

// Loading endpoints when they are first asked.
public sealed partial class ServingState
{
    /// <summary>Share of the memory budget up to which endpoints are loaded before anybody asks them.</summary>
    private const double EagerShare = 0.9;

    private readonly Dictionary<string, Task<Fault?>> _waking = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _holds = new(StringComparer.Ordinal);

    /// <summary>Keeps an endpoint from leaving memory while somebody waits for it; ends when disposed.</summary>
    public IDisposable Hold(string name)
    {
        lock (_lock)
        {
            _holds[name] = _holds.GetValueOrDefault(name) + 1;
        }

        return new Holding(this, name);
    }

    /// <summary>Has the versions of an endpoint that is asleep loaded, once however many ask; waits as long as its requests may take.</summary>
    /// <returns>Why it can't be loaded now or the time did not suffice; null when it is awake.</returns>
    public async Task<Fault?> WakeAsync(EndpointRoute route, CancellationToken cancellationToken)
    {
        Task<Fault?>? waking;
        lock (_lock)
        {
            if (!_desired.ContainsKey(route.Name) || _unloaded.Contains(route.Name))
            {
                return null;
            }

            // The load belongs to the server: it goes on when the one who asked first gives up.
            if (!_waking.TryGetValue(route.Name, out waking))
            {
                _awake.Add(route.Name);
                _waking[route.Name] = waking = Task.Run(() => LoadAllAsync(route.Name), CancellationToken.None);
            }
        }

        try
        {
            var deadline = new Deadline(_time, _time.GetTimestamp(), _gates.Timeout(route.Endpoint.Limits), cancellationToken);
            return await deadline.RunAsync(static async (task, token) => await task.WaitAsync(token), waking);
        }
        catch (InferenceException error)
        {
            return error.Fault.Kind == FaultKind.DeadlineExceeded ? new Fault(FaultKind.DeadlineExceeded, $"endpoint '{route.Name}' was not in memory and its load was {error.Fault.Message}") : error.Fault;
        }
    }

    private async Task<Fault?> LoadAllAsync(string name)
    {
        VersionKey[] keys;
        lock (_lock)
        {
            keys = _desired.TryGetValue(name, out var endpoint) ? [.. RoutePlan.Keys(endpoint).Distinct()] : [];
        }

        Exception? passing = null;
        foreach (var load in keys.Select(key => _residents.GetAsync(key, CancellationToken.None)).ToList())
        {
            try
            {
                await load;
            }
            catch (Exception error)
            {
                // What will not become right is told by the route.
                passing = error is ModelRefusedException or VersionUnknownException ? passing : error;
            }
        }

        lock (_lock)
        {
            _waking.Remove(name);
            if (passing is not null)
            {
                _awake.Remove(name);
                Array.ForEach(keys, _residents.Forgive);
            }

            Publish([name]);
        }

        return passing is null ? null : new Fault(FaultKind.Unavailable, $"endpoint '{name}' is not in memory and can't be loaded now: {passing.Message}");
    }

    /// <summary>Under a budget: wakes as many endpoints as fit, before anybody asks.</summary>
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (_lazy || _budget.Limit == 0)
        {
            return;
        }

        foreach (var route in Table.Endpoints.Values.Where(route => route.IsAsleep))
        {
            if (_budget.Used > _budget.Limit * EagerShare)
            {
                return;
            }

            await WakeAsync(route, cancellationToken);
        }
    }

    private sealed class Holding(ServingState state, string name) : IDisposable
    {
        public void Dispose()
        {
            lock (state._lock)
            {
                if (--state._holds[name] == 0)
                {
                    state._holds.Remove(name);
                }
            }

            state._budget.Pulse();
        }
    }
}
