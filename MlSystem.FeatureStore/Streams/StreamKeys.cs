using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Streams;

/// <summary>The entities of a partition by number. Numbers of entities that are gone are used again, the least first, as in a state that was read back; 64 numbers are a chunk of the snapshot.</summary>
internal sealed class StreamKeys
{
    public const int ChunkKeys = 64;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly PriorityQueue<int, int> _free = new();
    private readonly HashSet<int> _changedChunks = [];
    private string?[] _texts = [];
    private FeatureValue[]?[] _entities = [];

    public int Count => _numbers.Count;

    /// <summary>One more than the greatest number that was ever used.</summary>
    public int Size { get; private set; }

    public IEnumerable<string> Texts => _numbers.Keys;

    /// <summary>Chunks that differ from the last snapshot.</summary>
    public IReadOnlyCollection<int> ChangedChunks => _changedChunks;

    public bool TryFind(string text, out int key) => _numbers.TryGetValue(text, out key);

    public FeatureValue[]? EntityOf(int key) => _entities[key];

    public string? TextOf(int key) => _texts[key];

    public int Add(string text, FeatureValue[] entity)
    {
        var key = _free.Count > 0 ? _free.Dequeue() : Size;
        Put(key, text, entity);
        Touch(key);
        return key;
    }

    /// <summary>From a snapshot; afterwards <see cref="CollectFree"/>.</summary>
    public void Put(int key, string text, FeatureValue[] entity)
    {
        Size = Math.Max(Size, key + 1);
        if (_texts.Length < Size)
        {
            Array.Resize(ref _texts, Math.Max(Size, _texts.Length * 2));
            Array.Resize(ref _entities, _texts.Length);
        }

        (_texts[key], _entities[key]) = (text, entity);
        _numbers[text] = key;
    }

    public void Remove(int key)
    {
        _numbers.Remove(_texts[key]!);
        (_texts[key], _entities[key]) = (null, null);
        _free.Enqueue(key, key);
        Touch(key);
    }

    public void Touch(int key) => _changedChunks.Add(key / ChunkKeys);

    public void SnapshotTaken() => _changedChunks.Clear();

    public void CollectFree()
    {
        _free.Clear();
        for (var key = Size - 1; key >= 0; key--)
        {
            if (_texts[key] is null)
            {
                _free.Enqueue(key, key);
            }
        }
    }
}
