using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams.Aggregates;

namespace MlSystem.FeatureStore.Streams.Windows;

/// <summary>
/// The panes of one window of all entities of a partition. An event changes one pane; what is shown is the panes merged from the oldest to the newest, of
/// which all but the newest are kept merged, so that most events cost no merging of many. The order of merging is always the same, so a state that was
/// read back gives the same bits. Not safe for concurrent calls.
/// </summary>
internal sealed class WindowPanes
{
    private const int None = -1;
    private readonly WindowSpec _spec;
    private readonly Lane[] _lanes;
    private readonly int[] _columns;
    private readonly List<int> _chain = [];

    // By entity: its newest pane, the slot of its merged panes, and whether that slot is up to date.
    private int[] _newest = [];
    private int[] _merged = [];
    private bool[] _isMerged = [];

    // By slot: the pane's number and the next older pane of the entity (or the next free slot).
    private long[] _pane = [];
    private int[] _older = [];
    private int _free = None;
    private int _used;
    private readonly int _scratch;

    /// <param name="columns">For each lane the column that it aggregates, or -1: events are counted.</param>
    public WindowPanes(WindowSpec spec, Lane[] lanes, int[] columns)
    {
        (_spec, _lanes, _columns) = (spec, lanes, columns);
        _scratch = NewSlot();
    }

    public WindowSpec Spec => _spec;

    public DueTimes Due { get; } = new();

    public int Panes { get; private set; }

    public void GrowKeys(int keys)
    {
        var before = _newest.Length;
        if (keys > before)
        {
            var size = Math.Max(keys, before * 2);
            Array.Resize(ref _newest, size);
            Array.Resize(ref _merged, size);
            Array.Resize(ref _isMerged, size);
            Array.Fill(_newest, None, before, size - before);
            Array.Fill(_merged, None, before, size - before);
        }
    }

    public bool IsEmpty(int key) => _newest[key] == None;

    public void Add(int key, FeatureValue[] values, long eventUs, long clockUs)
    {
        var pane = _spec.PaneOf(eventUs);
        if (_spec.IsGone(pane, clockUs))
        {
            return;
        }

        var slot = SlotOf(key, pane, clockUs);
        for (var i = 0; i < _lanes.Length; i++)
        {
            var column = _columns[i];
            if (column < 0)
            {
                _lanes[i].Add(slot, default, eventUs);
            }
            else if (values[column].HasValue)
            {
                _lanes[i].Add(slot, values[column], eventUs);
            }
        }
    }

    /// <summary>The clock has reached a due time: panes leave, windows are complete.</summary>
    /// <returns>Whether what is shown of the entity may have changed.</returns>
    public bool Pass(int key, long clockUs)
    {
        var (changed, previous) = (false, None);
        var completes = _spec.IsSliding ? 0 : _spec.CompleteAt(clockUs);
        for (var slot = _newest[key]; slot != None;)
        {
            var older = _older[slot];
            if (_spec.IsGone(_pane[slot], clockUs))
            {
                _ = previous == None ? _newest[key] = None : _older[previous] = None;
                for (; slot != None; slot = older)
                {
                    older = _older[slot];
                    Release(slot);
                    Panes--;
                }

                changed = true;
                break;
            }

            changed |= !_spec.IsSliding && _spec.EndOf(_pane[slot]) == completes;
            (previous, slot) = (slot, older);
        }

        _isMerged[key] &= !changed;
        return changed;
    }

    /// <summary>The slot with what is shown of the entity; valid until the next call.</summary>
    public int Shown(int key, long clockUs)
    {
        var newest = _newest[key];
        if (_spec.IsSliding && newest != None && _older[newest] == None)
        {
            return newest;
        }

        if (!_isMerged[key])
        {
            MergeAll(key, clockUs);
        }

        if (!_spec.IsSliding)
        {
            return _merged[key];
        }

        Clear(_scratch);
        Merge(_scratch, _merged[key]);
        if (newest != None)
        {
            Merge(_scratch, newest);
        }

        return _scratch;
    }

    public FeatureValue Result(int lane, int slot, double quantile) => _lanes[lane].Result(slot, quantile);

    public void Remove(int key)
    {
        for (var slot = _newest[key]; slot != None;)
        {
            var older = _older[slot];
            Release(slot);
            Panes--;
            slot = older;
        }

        if (_merged[key] != None)
        {
            Release(_merged[key]);
        }

        (_newest[key], _merged[key], _isMerged[key]) = (None, None, false);
    }

    /// <summary>Memory of an entity, in bytes.</summary>
    public long Bytes(int key)
    {
        var bytes = 9L;
        for (var slot = _newest[key]; slot != None; slot = _older[slot])
        {
            bytes += 12 + SlotBytes(slot);
        }

        return bytes + (_merged[key] == None ? 0 : SlotBytes(_merged[key]));
    }

    public void Write(BinaryWriter writer, int key)
    {
        Chain(key, skip: 0);
        writer.Write7BitEncodedInt(_chain.Count);
        for (var i = _chain.Count - 1; i >= 0; i--)
        {
            writer.Write7BitEncodedInt64(_pane[_chain[i]]);
            foreach (var lane in _lanes)
            {
                lane.Write(writer, _chain[i]);
            }
        }
    }

    public void Read(BinaryReader reader, int key, long clockUs)
    {
        for (var left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            var slot = SlotOf(key, reader.Read7BitEncodedInt64(), clockUs);
            foreach (var lane in _lanes)
            {
                lane.Read(reader, slot);
            }
        }

        // Merging while panes were put in had nothing to merge yet.
        _isMerged[key] = false;
    }

    private int SlotOf(int key, long pane, long clockUs)
    {
        var (newer, slot) = (None, _newest[key]);
        while (slot != None && _pane[slot] > pane)
        {
            (newer, slot) = (slot, _older[slot]);
        }

        if (newer != None || !_spec.IsSliding)
        {
            _isMerged[key] &= !_spec.IsShown(pane, clockUs);
        }

        if (slot != None && _pane[slot] == pane)
        {
            return slot;
        }

        if (_spec.IsSliding && newer == None && slot != None && _isMerged[key])
        {
            Merge(_merged[key], slot);
        }

        var made = NewSlot();
        (_pane[made], _older[made]) = (pane, slot);
        _ = newer == None ? _newest[key] = made : _older[newer] = made;
        Panes++;
        Schedule(key, pane, clockUs);
        return made;
    }

    private void Schedule(int key, long pane, long clockUs)
    {
        if (!_spec.IsSliding && _spec.CompletesAt(pane) > clockUs)
        {
            Due.Add(_spec.CompletesAt(pane), key);
        }

        Due.Add(_spec.LeavesAt(pane), key);
    }

    /// <summary>Sliding: all panes but the newest. Else: those of the last complete window.</summary>
    private void MergeAll(int key, long clockUs)
    {
        if (_merged[key] == None)
        {
            _merged[key] = NewSlot();
        }

        Clear(_merged[key]);
        Chain(key, skip: _spec.IsSliding ? 1 : 0);
        for (var i = _chain.Count - 1; i >= 0; i--)
        {
            if (_spec.IsShown(_pane[_chain[i]], clockUs))
            {
                Merge(_merged[key], _chain[i]);
            }
        }

        _isMerged[key] = true;
    }

    /// <summary>The entity's panes from the newest on.</summary>
    private void Chain(int key, int skip)
    {
        _chain.Clear();
        for (var slot = _newest[key]; slot != None; slot = _older[slot])
        {
            if (skip-- <= 0)
            {
                _chain.Add(slot);
            }
        }
    }

    private int SlotBytes(int slot)
    {
        var bytes = 0;
        foreach (var lane in _lanes)
        {
            bytes += lane.Bytes(slot);
        }

        return bytes;
    }

    private void Merge(int into, int from)
    {
        foreach (var lane in _lanes)
        {
            lane.Merge(into, from);
        }
    }

    private void Clear(int slot)
    {
        foreach (var lane in _lanes)
        {
            lane.Clear(slot);
        }
    }

    private void Release(int slot)
    {
        Clear(slot);
        (_older[slot], _free) = (_free, slot);
    }

    private int NewSlot()
    {
        if (_free != None)
        {
            var slot = _free;
            _free = _older[slot];
            return slot;
        }

        if (_used == _pane.Length)
        {
            var size = Math.Max(64, _used * 2);
            Array.Resize(ref _pane, size);
            Array.Resize(ref _older, size);
            Array.ForEach(_lanes, lane => lane.Grow(size));
        }

        Clear(_used);
        return _used++;
    }
}
