using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Streams.Aggregates;

/// <summary>
/// One aggregate of every pane of a window, held as arrays by slot: a slot is a pane of an entity, or the sum of several. Slots come from
/// <see cref="Windows.WindowPanes"/>; every lane of a window has the same ones.
/// </summary>
public abstract class Lane
{
    /// <summary>Makes room for this many slots.</summary>
    public abstract void Grow(int slots);

    public abstract void Clear(int slot);

    /// <param name="value">Not missing.</param>
    /// <param name="eventUs">Event time in microseconds since 1970-01-01T00:00:00Z.</param>
    public abstract void Add(int slot, in FeatureValue value, long eventUs);

    /// <summary>Adds a later pane's aggregate to an earlier one's.</summary>
    public abstract void Merge(int into, int from);

    /// <param name="quantile">Only for quantiles: which one.</param>
    public abstract FeatureValue Result(int slot, double quantile);

    public abstract void Write(BinaryWriter writer, int slot);

    /// <summary>Into a slot that is clear.</summary>
    public abstract void Read(BinaryReader reader, int slot);

    /// <summary>Memory of a slot, in bytes.</summary>
    public abstract int Bytes(int slot);
}
