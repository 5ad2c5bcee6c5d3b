namespace MlSystem.Inference.Policies;

/// <summary>The last choices of one endpoint on this replica, as the tags of the chosen variants. Written without locks.</summary>
public sealed class RecentChoices
{
    /// <summary>How many are remembered.</summary>
    public const int Size = 1000;

    private readonly ushort[] _tags = new ushort[Size];
    private long _count;

    /// <summary>How many are known now, at most <see cref="Size"/>.</summary>
    public int Count => (int)Math.Min(Volatile.Read(ref _count), Size);

    public void Add(ushort tag) => _tags[(Interlocked.Increment(ref _count) - 1) % Size] = tag;

    /// <summary>The share of a variant among them, 0 to 1; null when there are none.</summary>
    public double? Share(ushort tag)
    {
        var count = Count;
        return count == 0 ? null : (double)_tags.AsSpan(0, count).Count(tag) / count;
    }
}
