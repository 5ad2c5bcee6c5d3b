using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Streams.Storage;

namespace MlSystem.FeatureStore.Streams;

/// <summary>The partitions of a view whose state this process has, and the one way in which it changes: write the steps down, go through them, hand out the rows.</summary>
internal sealed class StreamPartitions(StreamPlan plan, StreamGeneration generation, StreamOutput output, StreamServices services)
{
    private readonly StreamStateStore _store = new(services.Database, generation.Id);
    private readonly StreamDecoder _decoder = new(plan);
    private readonly Dictionary<int, OwnedPartition> _owned = [];
    private readonly Dictionary<int, long> _storedThrough = [];
    private readonly long _generationUs = UnixTime.Microseconds(StartOf(generation.Id));

    public IReadOnlyCollection<OwnedPartition> All => _owned.Values;

    public StreamStateStore Store => _store;

    public bool IsReplaying => _owned.Values.Any(partition => partition.IsReplaying);

    public OwnedPartition? Find(int partition) => _owned.GetValueOrDefault(partition);

    /// <summary>Reads the state of partitions that came, and forgets that of partitions that went.</summary>
    public async Task FollowAsync(IReadOnlyList<int> assigned, CancellationToken cancellationToken)
    {
        foreach (var lost in _owned.Keys.Except(assigned).ToArray())
        {
            Forget(lost);
        }

        foreach (var partition in assigned.Where(partition => !_owned.ContainsKey(partition)))
        {
            var stored = await _store.ClaimAsync(partition, silent: generation.Previous is not null, cancellationToken);
            var state = new StreamPartition(plan, partition, (long)(services.Options.Value.HistoryStepSeconds * 1_000_000), stored.Header);
            _owned[partition] = new OwnedPartition(state, stored, _decoder, keyed: !plan.Stream.Definition.Repartition);
            _storedThrough[partition] = stored.Steps.Count > 0 ? stored.Steps[0].Sequence - 1 : _owned[partition].Sequence;
        }
    }

    /// <summary>Another process has the state now.</summary>
    public void Forget(int partition)
    {
        _owned.Remove(partition);
        _storedThrough.Remove(partition);
    }

    /// <summary>Goes through the old steps whose events are there.</summary>
    public async Task ReplayAsync(CancellationToken cancellationToken)
    {
        foreach (var partition in _owned.Values)
        {
            while (partition.IsReplaying && partition.Replay(await PreviousAsync(partition, cancellationToken), _generationUs) is { } rows)
            {
                HandOut(partition, rows);
            }
        }
    }

    public async Task RunAsync(IReadOnlyList<StreamStep> steps, CancellationToken cancellationToken)
    {
        if (steps.Count == 0)
        {
            return;
        }

        await _store.AppendAsync(steps, partition => _owned[partition].Epoch, cancellationToken);
        foreach (var step in steps)
        {
            var partition = _owned[step.Partition];
            var previous = step.Kind == StreamStepKind.BeginServing ? await PreviousAsync(partition, cancellationToken) : [];
            HandOut(partition, partition.Run(step, previous, _generationUs));
        }
    }

    /// <summary>All rows so far go to Parquet.</summary>
    public async Task StoreAsync(CancellationToken cancellationToken)
    {
        var parts = _owned.Values.Where(partition => partition.Sequence > _storedThrough[partition.State.Number]).Select(partition =>
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{partition.State.Number}:{_storedThrough[partition.State.Number]}-{partition.Sequence}"));
        await output.StoreAsync($"{generation.Id} {string.Join(',', parts)}", cancellationToken);
        var moved = new Dictionary<int, long>();
        foreach (var partition in _owned.Values)
        {
            _storedThrough[partition.State.Number] = partition.Sequence;
            if (partition.OfflineOffset != partition.State.Header.NextOffset && !partition.IsReplaying)
            {
                moved[partition.State.Number] = partition.OfflineOffset = partition.State.Header.NextOffset;
            }
        }

        if (moved.Count > 0)
        {
            await _store.OfflineAsync(moved, partition => _owned[partition].Epoch, cancellationToken);
        }
    }

    /// <summary>Makes the state durable; afterwards the events that are in it are not needed any more. Rows must be in Parquet before.</summary>
    public async Task SnapshotAsync(CancellationToken cancellationToken)
    {
        foreach (var partition in _owned.Values.Where(partition => partition.IsChanged && !partition.IsReplaying))
        {
            var chunks = partition.ChangedChunks();
            await _store.SnapshotAsync(partition.State.Number, partition.Epoch, partition.State.Header, partition.Sequence, chunks, cancellationToken);
            partition.SnapshotTaken(chunks);
            if (generation.Previous is { } previous && partition.State.Header.IsServing)
            {
                await services.Generations.DeletePreviousAsync(previous, partition.State.Number, cancellationToken);
            }
        }
    }

    /// <summary>Removes entities that erasure asks for. Their rows must be in Parquet before, where erasure looks.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var (number, entity) in await services.Removals.OfAsync(generation.Id, cancellationToken))
        {
            if (_owned.TryGetValue(number, out var partition) && !partition.IsReplaying)
            {
                output.Forget($"{OnlineKey.Prefix}{plan.View.Name}:{entity}");
                if (partition.State.Remove(entity))
                {
                    var chunks = partition.ChangedChunks();
                    await _store.SnapshotAsync(number, partition.Epoch, partition.State.Header, partition.Sequence, chunks, cancellationToken);
                    partition.SnapshotTaken(chunks);
                }

                await services.Removals.DoneAsync(generation.Id, number, entity, cancellationToken);
            }
        }
    }

    private void HandOut(OwnedPartition partition, IReadOnlyList<FeatureRow> rows)
    {
        output.Add(partition.State.Number, partition.State.Header.NextOffset, services.NowUs, rows);
        services.Metrics.Rows.Add(rows.Count, new KeyValuePair<string, object?>("view", plan.View.Name));
    }

    /// <summary>Entities that the definition before this one had in the partition.</summary>
    private async Task<IReadOnlyList<FeatureValue[]>> PreviousAsync(OwnedPartition partition, CancellationToken cancellationToken)
    {
        if (generation.Previous is null || !partition.State.Header.IsSilent)
        {
            return [];
        }

        return await _store.PreviousEntitiesAsync(generation.Previous, partition.State.Number, plan.KeyColumns.Length, cancellationToken);
    }

    private static DateTimeOffset StartOf(string generation) => DateTimeOffset.FromUnixTimeMilliseconds(
        long.Parse(generation.AsSpan(0, 12), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture));
}
