namespace MlSystem.Training.Learners.Features;

/// <summary>
/// The categories of one column with their counts, bounded: when it is full, the rarer half leaves. The learner hashes every
/// category, known or not; the table only says which ones an exported graph, which cannot hash texts, can name.
/// </summary>
internal sealed class CategoryTable(string column, int bits, int capacity)
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Categories => _entries.Keys;

    /// <summary>Counts a category and gives its place.</summary>
    public (int Slot, double Sign) Count(string category)
    {
        if (_entries.TryGetValue(category, out var entry))
        {
            entry.Count++;
            return (entry.Slot, entry.Sign);
        }

        if (_entries.Count >= capacity)
        {
            DropRare();
        }

        var place = FeatureHash.Place(FeatureHash.Of(column, category), bits);
        _entries.Add(category, new Entry(place.Slot, place.Sign) { Count = 1 });
        return place;
    }

    /// <summary>The place of any category.</summary>
    public (int Slot, double Sign) Find(string category) =>
        _entries.TryGetValue(category, out var entry) ? (entry.Slot, entry.Sign) : FeatureHash.Place(FeatureHash.Of(column, category), bits);

    public void Write(BinaryWriter writer)
    {
        writer.Write(_entries.Count);
        foreach (var (category, entry) in _entries.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            writer.Write(category);
            writer.Write(entry.Count);
        }
    }

    public void Read(BinaryReader reader)
    {
        _entries.Clear();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var category = reader.ReadString();
            var (slot, sign) = FeatureHash.Place(FeatureHash.Of(column, category), bits);
            _entries.Add(category, new Entry(slot, sign) { Count = reader.ReadInt64() });
        }
    }

    private void DropRare()
    {
        foreach (var (category, _) in _entries.OrderByDescending(e => e.Value.Count).ThenBy(e => e.Key, StringComparer.Ordinal).Skip(capacity / 2).ToList())
        {
            _entries.Remove(category);
        }
    }

    private sealed class Entry(int slot, double sign)
    {
        public int Slot => slot;

        public double Sign => sign;

        public long Count { get; set; }
    }
}
