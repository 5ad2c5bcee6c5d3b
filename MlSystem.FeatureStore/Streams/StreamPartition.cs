using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Streams.Aggregates;
using MlSystem.FeatureStore.Streams.Windows;

namespace MlSystem.FeatureStore.Streams;

/// <summary>
/// The aggregates of one view over one partition of its topic: a state machine whose rows depend on nothing but its steps (<see cref="Apply"/>,
/// <see cref="Advance"/>, <see cref="BeginServing"/>) and their arguments. The steps are written down, so a state that is read back and led through the same
/// steps makes the same rows again, down to their times. Not safe for concurrent calls. Semantics: docs/features/aggregates.md.
/// </summary>
internal sealed class StreamPartition
{
    /// <summary>Events that are further ahead of the log are refused: one wrong clock would make everybody else's events late.</summary>
    public const long MaxAheadUs = 3_600_000_000;

    private const long MinLiveMarginUs = 10_000_000;
    private const long NotChanged = long.MinValue;

    private readonly StreamPlan _plan;
    private readonly WindowPanes[] _windows;
    private readonly long _stepUs;
    private readonly List<int> _changed = [];
    private readonly List<FeatureRow> _rows = [];
    private long[] _changedAt = [];
    private long _nowUs;

    /// <param name="stepUs">Before the view serves, rows of an entity that lie within one step become one.</param>
    public StreamPartition(StreamPlan plan, int number, long stepUs, StreamHeader header)
    {
        (_plan, Number, _stepUs, Header) = (plan, number, stepUs, header);
        _windows = plan.NewState();
    }

    public int Number { get; }

    public StreamHeader Header { get; private set; }

    public StreamKeys Keys { get; } = new();

    public long Late { get; private set; }

    public long Ahead { get; private set; }

    public long WatermarkUs => Header.ClockUs - _plan.WatermarkDelayUs;

    public int Panes => _windows.Sum(window => window.Panes);

    /// <summary>When something changes without an event; the greatest number: never.</summary>
    public long NextDueUs => _windows.Min(window => window.Due.Next);

    /// <summary>A clock that is so near to the time is that of a live stream.</summary>
    private long LiveMarginUs => Math.Max(_plan.WatermarkDelayUs, MinLiveMarginUs);

    private bool StampsNow => Header.IsServing && Header.IsLive;

    /// <summary>Takes events in, in the order of the log, and those between that don't count.</summary>
    /// <param name="toOffset">Behind the last one.</param>
    /// <param name="nowUs">The time, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>The rows that follow; of one entity the last is the one to be shown.</returns>
    public IReadOnlyList<FeatureRow> Apply(IEnumerable<StreamEvent> events, long toOffset, long nowUs)
    {
        Begin(nowUs);
        foreach (var e in events)
        {
            if (e.Offset >= Header.NextOffset)
            {
                Take(e);
            }
        }

        Header = Header with { NextOffset = Math.Max(Header.NextOffset, toOffset) };
        return End();
    }

    /// <summary>Moves the clock without an event.</summary>
    public IReadOnlyList<FeatureRow> Advance(long clockUs, long nowUs)
    {
        Begin(nowUs);
        MoveTo(clockUs);
        Header = Header with { IsLive = Header.IsLive || nowUs - Header.ClockUs <= LiveMarginUs };
        return End();
    }

    /// <summary>
    /// What the log had is computed: from now on rows are what is served. A view that had another definition before shows all its entities now.
    /// </summary>
    /// <param name="previous">Entities of the definition before; those that this one does not know get a row of empty windows.</param>
    /// <param name="previousUs">Event time of such rows: when this definition came.</param>
    public IReadOnlyList<FeatureRow> BeginServing(long nowUs, IEnumerable<FeatureValue[]> previous, long previousUs)
    {
        Begin(nowUs);
        var wasSilent = Header.IsSilent;
        Header = Header with { IsServing = true, IsSilent = false };
        if (wasSilent)
        {
            foreach (var entity in previous)
            {
                ShowEmpty(entity, previousUs);
            }

            Header = Header with { FloorUs = nowUs };
            for (var key = 0; key < Keys.Size; key++)
            {
                if (Keys.TextOf(key) is not null)
                {
                    Change(key);
                }
            }
        }

        return End();
    }

    public bool Remove(string entity)
    {
        if (!Keys.TryFind(entity, out var key))
        {
            return false;
        }

        RemoveKey(key);
        return true;
    }

    /// <summary>The entities of a chunk, then what each has in the windows.</summary>
    public void WriteChunk(BinaryWriter writer, int chunk)
    {
        int[] keys = [.. Enumerable.Range(chunk * StreamKeys.ChunkKeys, StreamKeys.ChunkKeys).TakeWhile(key => key < Keys.Size).Where(key => Keys.TextOf(key) is not null)];
        if (keys.Length == 0)
        {
            return;
        }

        writer.Write((byte)keys.Length);
        foreach (var key in keys)
        {
            writer.Write((byte)(key % StreamKeys.ChunkKeys));
            Array.ForEach(Keys.EntityOf(key)!, value => ValueCodec.Write(writer, value));
        }

        foreach (var key in keys)
        {
            Array.ForEach(_windows, window => window.Write(writer, key));
        }
    }

    public void ReadChunk(BinaryReader reader, int chunk)
    {
        var keys = new List<int>();
        foreach (var (number, entity) in ReadEntities(reader, _plan.KeyColumns.Length))
        {
            var key = (chunk * StreamKeys.ChunkKeys) + number;
            Keys.Put(key, OnlineKey.Entity(_plan.View.JoinKeys, entity), entity);
            keys.Add(key);
        }

        Grow();
        foreach (var key in keys)
        {
            Array.ForEach(_windows, window => window.Read(reader, key, Header.ClockUs));
        }
    }

    /// <summary>The entities of a chunk with their numbers in it; what comes behind them is left.</summary>
    public static IReadOnlyList<(int Number, FeatureValue[] Entity)> ReadEntities(BinaryReader reader, int joinKeys)
    {
        var entities = new (int, FeatureValue[])[reader.ReadByte()];
        for (var i = 0; i < entities.Length; i++)
        {
            var (number, entity) = (reader.ReadByte(), new FeatureValue[joinKeys]);
            for (var k = 0; k < joinKeys; k++)
            {
                entity[k] = ValueCodec.Read(reader);
            }

            entities[i] = (number, entity);
        }

        return entities;
    }

    private void ShowEmpty(FeatureValue[] entity, long eventUs)
    {
        var text = OnlineKey.Entity(_plan.View.JoinKeys, entity);
        if (!Keys.TryFind(text, out _))
        {
            var key = Keys.Add(text, entity);
            Grow();
            _rows.Add(Row(key, eventUs, Header.ClockUs));
            RemoveKey(key);
        }
    }

    private void Begin(long nowUs)
    {
        _rows.Clear();
        _nowUs = nowUs;
    }

    private FeatureRow[] End()
    {
        foreach (var key in _changed)
        {
            Emit(key);
        }

        _changed.Clear();
        return [.. _rows];
    }

    private void Take(in StreamEvent e)
    {
        if (e.EventUs > e.LoggedUs + MaxAheadUs)
        {
            Ahead++;
            return;
        }

        MoveTo(Math.Max(Header.ClockUs, Header.IsLive ? e.LoggedUs : Math.Min(e.EventUs, e.LoggedUs)));
        if (!Header.IsLive && e.LoggedUs - Header.ClockUs <= LiveMarginUs)
        {
            Header = Header with { IsLive = true };
            MoveTo(Math.Max(Header.ClockUs, e.LoggedUs));
        }

        var late = 0;
        foreach (var window in _windows)
        {
            late += window.Spec.IsLate(e.EventUs, WatermarkUs, _plan.AllowedLatenessUs) ? 1 : 0;
        }

        Late += late > 0 ? 1 : 0;
        if (late < _windows.Length)
        {
            Count(e);
        }
    }

    private void Count(in StreamEvent e)
    {
        if (!Keys.TryFind(e.Entity, out var key))
        {
            var values = e.Values;
            key = Keys.Add(e.Entity, Array.ConvertAll(_plan.KeyColumns, column => values[column]));
            Grow();
        }

        Change(key);
        foreach (var window in _windows)
        {
            if (!window.Spec.IsLate(e.EventUs, WatermarkUs, _plan.AllowedLatenessUs))
            {
                window.Add(key, e.Values, e.EventUs, Header.ClockUs);
            }
        }
    }

    private void MoveTo(long clockUs)
    {
        while (NextDueUs is var due && due <= clockUs)
        {
            Header = Header with { ClockUs = Math.Max(Header.ClockUs, due) };
            foreach (var window in _windows)
            {
                if (window.Due.Next == due)
                {
                    Pass(window, due);
                }
            }
        }

        if (clockUs > Header.ClockUs)
        {
            Header = Header with { ClockUs = clockUs };
        }
    }

    private void Pass(WindowPanes window, long due)
    {
        foreach (var key in window.Due.Take())
        {
            if (Keys.TextOf(key) is null)
            {
                continue;
            }

            if (_changedAt[key] != NotChanged && _changedAt[key] < due && !StampsNow)
            {
                Emit(key);
            }

            // What was shown so far may have been the end of it.
            if (Keys.TextOf(key) is not null && window.Pass(key, due))
            {
                Change(key);
            }
        }
    }

    /// <summary>The entity's row changes at the clock's time. A row that was to come and lies in an earlier step goes out before.</summary>
    private void Change(int key)
    {
        if (_changedAt[key] != NotChanged && !StampsNow && _stepUs >= 0 && IsEarlierStep(_changedAt[key]))
        {
            Emit(key, keep: true);
        }

        if (_changedAt[key] == NotChanged)
        {
            _changed.Add(key);
        }

        _changedAt[key] = Header.ClockUs;
        Keys.Touch(key);
    }

    private bool IsEarlierStep(long changedAt) =>
        _stepUs == 0 ? changedAt < Header.ClockUs : WindowSpec.FloorDivide(changedAt, _stepUs) < WindowSpec.FloorDivide(Header.ClockUs, _stepUs);

    /// <param name="keep">More of the entity is to come: it is not forgotten although it may have nothing.</param>
    private void Emit(int key, bool keep = false)
    {
        var stampUs = _changedAt[key];
        if (stampUs == NotChanged)
        {
            return;
        }

        if (!Header.IsSilent)
        {
            _rows.Add(Row(key, Math.Max(StampsNow ? Math.Max(_nowUs, Header.ClockUs) : stampUs, Header.FloorUs), stampUs));
        }

        if (!keep)
        {
            _changedAt[key] = NotChanged;
            if (Array.TrueForAll(_windows, window => window.IsEmpty(key)))
            {
                RemoveKey(key);
            }
        }
    }

    private FeatureRow Row(int key, long eventUs, long clockUs)
    {
        var view = _plan.View;
        Header = Header with { CreatedUs = Math.Max(Header.CreatedUs + 1, _nowUs) };
        return new FeatureRow
        {
            View = view,
            Keys = Keys.EntityOf(key)!,
            Values = _plan.Values(_windows, key, clockUs),
            EventUs = eventUs,
            CreatedUs = Header.CreatedUs,
            Online = view.Definition.Online,
            Offline = view.Definition.Offline,
        };
    }

    private void RemoveKey(int key)
    {
        Array.ForEach(_windows, window => window.Remove(key));
        _changedAt[key] = NotChanged;
        Keys.Remove(key);
    }

    private void Grow()
    {
        if (_changedAt.Length < Keys.Size)
        {
            var before = _changedAt.Length;
            Array.Resize(ref _changedAt, Math.Max(Keys.Size, before * 2));
            Array.Fill(_changedAt, NotChanged, before, _changedAt.Length - before);
            Array.ForEach(_windows, window => window.GrowKeys(_changedAt.Length));
        }
    }
}

/// <summary>Where a partition's state stands. Times are microseconds since 1970-01-01T00:00:00Z.</summary>
/// <param name="NextOffset">The first event that is not in it.</param>
/// <param name="ClockUs">The view's clock in this partition.</param>
/// <param name="CreatedUs">Created time of the last row.</param>
/// <param name="IsLive">The newest event was fresh: the clock goes on with the time.</param>
/// <param name="IsServing">All that was there when the computation began is in it.</param>
/// <param name="IsSilent">No rows yet: until it serves, rows of the definition before it stay.</param>
/// <param name="FloorUs">No row is earlier: rows of a definition before this one may be as late.</param>
public readonly record struct StreamHeader(long NextOffset, long ClockUs, long CreatedUs, bool IsLive, bool IsServing, bool IsSilent, long FloorUs)
{
    /// <summary>Of a clock that has seen no event.</summary>
    public const long NeverUs = long.MinValue / 4;

    public static StreamHeader New(bool silent) => new(0, NeverUs, 0, false, false, silent, NeverUs);
}
