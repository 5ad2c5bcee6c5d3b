using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams.Storage;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Streams;

/// <summary>A partition whose state this process has. After a restart the steps since the snapshot are gone through again, as their events are delivered again.</summary>
internal sealed class OwnedPartition
{
    private readonly StreamDecoder _decoder;
    private readonly bool _keyed;
    private readonly Queue<StreamStep> _replay;
    private readonly RoutedPlaces _places = new();
    private readonly List<StoredEvent> _waiting = [];
    private readonly Dictionary<int, long> _chunkBytes = [];

    public OwnedPartition(StreamPartition state, StoredPartition stored, StreamDecoder decoder, bool keyed)
    {
        (State, Epoch, _decoder, _keyed) = (state, stored.Epoch, decoder, keyed);
        foreach (var (chunk, data) in stored.Chunks)
        {
            if (chunk == RoutedPlaces.Chunk)
            {
                _places.Read(data);
                continue;
            }

            using var reader = new BinaryReader(new MemoryStream(data));
            state.ReadChunk(reader, chunk);
            _chunkBytes[chunk] = data.Length;
        }

        state.Keys.CollectFree();
        _replay = new Queue<StreamStep>(stored.Steps);
        Sequence = stored.Steps.Count > 0 ? stored.Steps[^1].Sequence : 0;
        OfflineOffset = 0;
    }

    public StreamPartition State { get; }

    public long Epoch { get; }

    /// <summary>Of the last step that is written down.</summary>
    public long Sequence { get; private set; }

    /// <summary>Rows of all events before this one can be read from Parquet.</summary>
    public long OfflineOffset { get; set; }

    /// <summary>Whether steps of a process before this one are still to be gone through.</summary>
    public bool IsReplaying => _replay.Count > 0;

    public bool HasNewEvents => _waiting.Count > 0 && !IsReplaying;

    /// <summary>Whether the state is further than its snapshot.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Size of the snapshot, in bytes.</summary>
    public long Bytes => _chunkBytes.Values.Sum();

    /// <summary>Events that were left out, with the reason of the last.</summary>
    public (long Count, string? Reason) Rejected { get; private set; }

    public long Taken { get; private set; }

    public void Receive(StoredEvent stored)
    {
        if (stored.Offset >= State.Header.NextOffset)
        {
            _waiting.Add(stored);
        }
    }

    /// <summary>Goes through the next of the old steps, when its events are there.</summary>
    /// <returns>Its rows, made again; null when there is nothing to do.</returns>
    public IReadOnlyList<FeatureRow>? Replay(IEnumerable<FeatureValue[]> previous, long previousUs)
    {
        if (!_replay.TryPeek(out var step) || (step.Kind == StreamStepKind.Apply && (_waiting.Count == 0 || _waiting[^1].Offset < step.ToOffset - 1)))
        {
            return null;
        }

        _replay.Dequeue();
        return Run(step, previous, previousUs);
    }

    /// <summary>The step that takes what waits.</summary>
    public StreamStep NextApply(long nowUs) => new(State.Number, Sequence + 1, StreamStepKind.Apply, _waiting[^1].Offset + 1, State.Header.ClockUs, nowUs);

    public StreamStep NextAdvance(long clockUs, long nowUs) => new(State.Number, Sequence + 1, StreamStepKind.Advance, State.Header.NextOffset, clockUs, nowUs);

    public StreamStep NextServing(long nowUs) => new(State.Number, Sequence + 1, StreamStepKind.BeginServing, State.Header.NextOffset, State.Header.ClockUs, nowUs);

    /// <summary>Goes through a step that is written down.</summary>
    public IReadOnlyList<FeatureRow> Run(StreamStep step, IEnumerable<FeatureValue[]> previous, long previousUs)
    {
        (Sequence, IsChanged) = (Math.Max(Sequence, step.Sequence), true);
        return step.Kind switch
        {
            StreamStepKind.Apply => State.Apply(Take(step.ToOffset), step.ToOffset, step.NowUs),
            StreamStepKind.Advance => State.Advance(step.ClockUs, step.NowUs),
            _ => State.BeginServing(step.NowUs, previous, previousUs),
        };
    }

    /// <summary>The chunks that differ from the last snapshot.</summary>
    public IReadOnlyList<(int Chunk, byte[] Data)> ChangedChunks()
    {
        var chunks = new List<(int, byte[])>();
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (var chunk in State.Keys.ChangedChunks)
        {
            bytes.SetLength(0);
            State.WriteChunk(writer, chunk);
            writer.Flush();
            chunks.Add((chunk, bytes.ToArray()));
        }

        if (!_keyed)
        {
            chunks.Add((RoutedPlaces.Chunk, _places.Write()));
        }

        return chunks;
    }

    public void SnapshotTaken(IReadOnlyList<(int Chunk, byte[] Data)> chunks)
    {
        foreach (var (chunk, data) in chunks)
        {
            _chunkBytes[chunk] = data.Length;
        }

        IsChanged = false;
        State.Keys.SnapshotTaken();
    }

    private List<StreamEvent> Take(long toOffset)
    {
        var taken = new List<StreamEvent>(_waiting.Count);
        var count = 0;
        for (; count < _waiting.Count && _waiting[count].Offset < toOffset; count++)
        {
            var stored = _keyed ? _waiting[count] : _places.Take(_waiting[count]);
            var (read, error) = stored is null ? default : _decoder.Read(stored, _keyed);
            if (read is { } e)
            {
                taken.Add(e);
            }
            else if (error is not null)
            {
                Rejected = (Rejected.Count + 1, $"event {_waiting[count].Offset} of partition {State.Number}: {error}");
            }
        }

        Taken += count;
        _waiting.RemoveRange(0, count);
        return taken;
    }
}
