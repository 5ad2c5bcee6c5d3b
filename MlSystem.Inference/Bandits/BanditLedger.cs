using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Bandits;

/// <summary>
/// The rewards of all variants of all endpoints, by endpoint and tag: a sum over feedback events that every replica reads whole.
/// The last reward of a prediction counts, so an event that comes twice changes nothing. One writer, many readers.
/// </summary>
public sealed class BanditLedger(int remembered)
{
    /// <summary>Variants that one endpoint keeps; beyond, one that this replica never routed to, or was rewarded least recently, is forgotten.</summary>
    private const int MaxArms = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<ushort, Entry>> _arms = new(StringComparer.Ordinal);
    private readonly Dictionary<RewardedPrediction, double> _rewards = [];
    private readonly Queue<RewardedPrediction> _order = new();
    private readonly Dictionary<int, long> _next = [];
    private long _changes;

    /// <summary>Events taken since the process began or the snapshot was loaded; tells whether a new snapshot is due.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>The arm of a variant; the same object whenever it comes back.</summary>
    public BanditArm Arm(string endpoint, ushort tag)
    {
        lock (_lock)
        {
            var entry = Find(endpoint, tag);
            entry.IsRouted = true;
            return entry.Arm;
        }
    }

    /// <summary>Takes one event of the feedback topic.</summary>
    /// <returns>False when it was taken before: its offset is behind those already seen.</returns>
    public bool Take(int partition, long offset, DateTimeOffset time, FeedbackEvent? feedback)
    {
        lock (_lock)
        {
            if (offset < _next.GetValueOrDefault(partition))
            {
                return false;
            }

            _next[partition] = offset + 1;
            _changes++;
            if (feedback is { Reward: >= 0 and <= 1 and var reward } && Guid.TryParseExact(feedback.RequestId, "D", out var id))
            {
                Reward(new RewardedPrediction(feedback.Endpoint, id, feedback.Row), reward, time);
            }

            return true;
        }
    }

    /// <summary>A copy of the whole state.</summary>
    internal BanditSnapshot Snapshot(string group, Func<string, bool> isServed, DateTimeOffset keepSince)
    {
        lock (_lock)
        {
            foreach (var endpoint in _arms.Where(endpoint => !isServed(endpoint.Key) && endpoint.Value.Values.All(entry => entry.Last < keepSince)).ToList())
            {
                _arms.Remove(endpoint.Key);
            }

            return new BanditSnapshot
            {
                Group = group,
                Offsets = new Dictionary<int, long>(_next),
                Arms =
                [
                    .. from endpoint in _arms
                       from arm in endpoint.Value
                       where arm.Value.Arm.Rewards.Pulls > 0
                       select new SnapshotArm(endpoint.Key, arm.Key, arm.Value.Arm.Rewards.Pulls, arm.Value.Arm.Rewards.Sum, arm.Value.Last),
                ],
                Predictions = [.. _order.Select(prediction => new SnapshotPrediction(prediction.Endpoint, prediction.Request, prediction.Row, _rewards[prediction]))],
            };
        }
    }

    /// <summary>Begins with what a snapshot says.</summary>
    internal void Restore(BanditSnapshot snapshot)
    {
        lock (_lock)
        {
            foreach (var (partition, next) in snapshot.Offsets)
            {
                _next[partition] = next;
            }

            foreach (var arm in snapshot.Arms)
            {
                var entry = Find(arm.Endpoint, arm.Tag);
                (entry.Arm.Rewards, entry.Last) = (new ArmRewards(arm.Pulls, arm.Sum), arm.Last);
            }

            foreach (var prediction in snapshot.Predictions)
            {
                Remember(new RewardedPrediction(prediction.Endpoint, prediction.Request, prediction.Row), prediction.Reward);
            }
        }
    }

    private void Reward(RewardedPrediction prediction, double reward, DateTimeOffset time)
    {
        var entry = Find(prediction.Endpoint, RequestIds.Tag(prediction.Request));
        var rewards = entry.Arm.Rewards;
        var known = _rewards.TryGetValue(prediction, out var former) && rewards.Pulls > 0;
        entry.Arm.Rewards = known ? new ArmRewards(rewards.Pulls, rewards.Sum + reward - former) : new ArmRewards(rewards.Pulls + 1, rewards.Sum + reward);
        entry.Last = time;
        Remember(prediction, reward);
    }

    private void Remember(RewardedPrediction prediction, double reward)
    {
        if (_rewards.TryAdd(prediction, reward))
        {
            _order.Enqueue(prediction);
        }
        else
        {
            _rewards[prediction] = reward;
        }

        while (_order.Count > remembered)
        {
            _rewards.Remove(_order.Dequeue());
        }
    }

    private Entry Find(string endpoint, ushort tag)
    {
        if (!_arms.TryGetValue(endpoint, out var arms))
        {
            _arms[endpoint] = arms = [];
        }

        if (!arms.TryGetValue(tag, out var entry))
        {
            if (arms.Count >= MaxArms)
            {
                arms.Remove(arms.MinBy(arm => (arm.Value.IsRouted, arm.Value.Last)).Key);
            }

            arms[tag] = entry = new Entry();
        }

        return entry;
    }

    private sealed class Entry
    {
        public BanditArm Arm { get; } = new();

        /// <summary>Whether a route of this replica has it; others come from feedback alone.</summary>
        public bool IsRouted { get; set; }

        public DateTimeOffset Last { get; set; }
    }

    private readonly record struct RewardedPrediction(string Endpoint, Guid Request, int Row);
}
