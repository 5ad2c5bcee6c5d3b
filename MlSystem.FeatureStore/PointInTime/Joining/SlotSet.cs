using System.Buffers;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Joining;

/// <summary>
/// The core of the join. A feature row can be seen by the labels of its entity from the first whose time is not before the event; it is offered
/// to that label's slot alone, which keeps the newest by (event time, created time, logged time). At the end a slot that nothing newer was
/// offered to has what the slot before it has. So rows may come in any order and any number of times, none is sorted, and memory is for labels only.
/// </summary>
internal sealed class SlotSet(LabelBlock labels, IReadOnlyList<Datatype> datatypes) : IDisposable
{
    /// <summary>No event is that old.</summary>
    private const long Empty = long.MinValue;

    private readonly long[] _eventUs = Filled(labels.Rows);
    private readonly long[] _createdUs = SlotColumn.Rent<long>(labels.Rows);
    private readonly long[] _loggedUs = SlotColumn.Rent<long>(labels.Rows);
    private readonly SlotColumn[] _columns = [.. datatypes.Select(datatype => SlotColumn.Of(datatype, labels.Rows))];
    private readonly int[] _rows = new int[ChunkAppender.MaxRows];
    private readonly int[] _slots = new int[ChunkAppender.MaxRows];

    /// <summary>Memory of one label row, in bytes.</summary>
    public static int BytesOfSlot(IEnumerable<Datatype> datatypes) => 24 + datatypes.Sum(SlotColumn.BytesOf);

    /// <summary>Offers the rows of a chunk: entity id, event, created and logged time, then the features.</summary>
    public void Offer(ChunkStream chunk)
    {
        var size = chunk.Size;
        var taken = Choose(
            chunk.Vector(0).Values<int>(size), chunk.Vector(1).Values<long>(size), chunk.Vector(2).Values<long>(size), chunk.Vector(3).Values<long>(size));
        for (var column = 0; column < _columns.Length && taken > 0; column++)
        {
            _columns[column].Take(chunk.Vector(column + 4), size, _rows.AsSpan(0, taken), _slots.AsSpan(0, taken));
        }
    }

    /// <summary>Takes over what is newer in a set of the same labels.</summary>
    public void Absorb(SlotSet other)
    {
        var newer = new List<int>();
        for (var slot = 0; slot < labels.Rows; slot++)
        {
            if (other._eventUs[slot] != Empty && IsNewer(slot, other._eventUs[slot], other._createdUs[slot], other._loggedUs[slot]))
            {
                newer.Add(slot);
                (_eventUs[slot], _createdUs[slot], _loggedUs[slot]) = (other._eventUs[slot], other._createdUs[slot], other._loggedUs[slot]);
            }
        }

        for (var column = 0; column < _columns.Length; column++)
        {
            _columns[column].Take(other._columns[column], System.Runtime.InteropServices.CollectionsMarshal.AsSpan(newer));
        }
    }

    /// <summary>For every label row of the block the slot that has its values, or -1.</summary>
    /// <param name="ttlUs">Null: for ever.</param>
    public int[] Resolve(long? ttlUs)
    {
        var sources = new int[labels.Rows];
        for (var entity = 0; entity < labels.Start.Length - 1; entity++)
        {
            var source = -1;
            for (var slot = labels.Start[entity]; slot < labels.Start[entity + 1]; slot++)
            {
                source = _eventUs[slot] == Empty ? source : slot;
                sources[slot] = source >= 0 && !(labels.TimesUs[slot] - _eventUs[source] > ttlUs) ? source : -1;
            }
        }

        return Array.ConvertAll(labels.SlotOf, slot => sources[slot]);
    }

    /// <summary>Appends the values of label rows. The slots lie at random in memory, which several threads wait for at the same time.</summary>
    /// <param name="sources">From <see cref="Resolve"/>.</param>
    public void Give(ChunkAppender appender, int[] sources)
    {
        for (var first = 0; first < sources.Length; first += appender.Chunks * ChunkAppender.MaxRows)
        {
            var start = first;
            Parallel.For(0, appender.Chunks, chunk => Fill(appender, chunk, Part(sources, start, chunk)));
            for (var chunk = 0; chunk < appender.Chunks && Part(sources, first, chunk).Length is > 0 and var rows; chunk++)
            {
                appender.Append(rows, chunk);
            }
        }
    }

    private static ReadOnlySpan<int> Part(int[] sources, int first, int chunk)
    {
        var start = Math.Min(first + (chunk * ChunkAppender.MaxRows), sources.Length);
        return sources.AsSpan(start, Math.Min(ChunkAppender.MaxRows, sources.Length - start));
    }

    private void Fill(ChunkAppender appender, int chunk, ReadOnlySpan<int> sources)
    {
        for (var column = 0; column < _columns.Length && !sources.IsEmpty; column++)
        {
            _columns[column].Give(appender.Vector(column, chunk), sources);
        }
    }

    /// <summary>Gives the memory back; the set is not used any more.</summary>
    public void Dispose()
    {
        ArrayPool<long>.Shared.Return(_eventUs);
        ArrayPool<long>.Shared.Return(_createdUs);
        ArrayPool<long>.Shared.Return(_loggedUs);
        Array.ForEach(_columns, column => column.Dispose());
    }

    private static long[] Filled(int slots)
    {
        var times = ArrayPool<long>.Shared.Rent(slots);
        times.AsSpan(0, slots).Fill(Empty);
        return times;
    }

    /// <summary>Notes which rows are newer than what their slot has; of rows of one slot in succession only the last is left.</summary>
    private int Choose(ReadOnlySpan<int> ids, ReadOnlySpan<long> eventUs, ReadOnlySpan<long> createdUs, ReadOnlySpan<long> loggedUs)
    {
        var taken = 0;
        var (lastId, lastSlot) = (-1, 0);
        for (var row = 0; row < ids.Length; row++)
        {
            // Compacted files are sorted: the next row of the entity is mostly at the same slot or one of the next.
            var slot = FirstNotBefore(ids[row], eventUs[row], ids[row] == lastId ? lastSlot : labels.Start[ids[row]]);
            (lastId, lastSlot) = (ids[row], slot);
            if (slot == labels.Start[ids[row] + 1] || !IsNewer(slot, eventUs[row], createdUs[row], loggedUs[row]))
            {
                continue;
            }

            (_eventUs[slot], _createdUs[slot], _loggedUs[slot]) = (eventUs[row], createdUs[row], loggedUs[row]);
            taken -= taken > 0 && _slots[taken - 1] == slot ? 1 : 0;
            (_rows[taken], _slots[taken]) = (row, slot);
            taken++;
        }

        return taken;
    }

    /// <param name="hint">A slot of the entity, or its end.</param>
    /// <returns>The end of the entity's slots where all of its labels are before the event.</returns>
    private int FirstNotBefore(int id, long eventUs, int hint)
    {
        var (low, high) = (labels.Start[id], labels.Start[id + 1]);
        if (hint > low && labels.TimesUs[hint - 1] >= eventUs)
        {
            high = hint;
        }
        else
        {
            for (low = hint; low < high && low < hint + 4; low++)
            {
                if (labels.TimesUs[low] >= eventUs)
                {
                    return low;
                }
            }
        }

        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = labels.TimesUs[middle] >= eventUs ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private bool IsNewer(int slot, long eventUs, long createdUs, long loggedUs) =>
        eventUs != _eventUs[slot] ? eventUs > _eventUs[slot]
        : createdUs != _createdUs[slot] ? createdUs > _createdUs[slot]
        : loggedUs > _loggedUs[slot];
}
