namespace MlSystem.FeatureStore.Streams.Windows;

/// <summary>Which entities change when the clock reaches a time. An entity may be named that has gone meanwhile: whoever asks looks.</summary>
internal sealed class DueTimes
{
    private readonly PriorityQueue<long, long> _times = new();
    private readonly Dictionary<long, List<int>> _keys = [];

    /// <summary>The next time; the greatest number where there is none.</summary>
    public long Next => _times.Count == 0 ? long.MaxValue : _times.Peek();

    public void Add(long timeUs, int key)
    {
        if (!_keys.TryGetValue(timeUs, out var keys))
        {
            _keys[timeUs] = keys = [];
            _times.Enqueue(timeUs, timeUs);
        }

        // Panes of one entity that are made one after the other ask for the same time.
        if (keys.Count == 0 || keys[^1] != key)
        {
            keys.Add(key);
        }
    }

    /// <summary>Takes out the next time's entities, in an order that a state that was read back has too.</summary>
    public List<int> Take()
    {
        _keys.Remove(_times.Dequeue(), out var keys);
        keys!.Sort();
        return keys;
    }
}
