using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Online.Packing;
using MlSystem.FeatureStore.Secrets;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Logs a share of the online reads behind their answers: what the log can't take is dropped and counted, a read never waits for it.</summary>
public sealed class ReadLog
{
    /// <summary>They hold the rows as they came from the online store, at most some 100 KB each as a rule.</summary>
    private const int WaitingReads = 256;

    private readonly ConsistencyOptions _options;
    private readonly SaltedHash _hash;
    private readonly Channel<OnlineResult> _waiting = Channel.CreateBounded<OnlineResult>(new BoundedChannelOptions(WaitingReads) { SingleReader = true });
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _values;
    private readonly Histogram<double> _age;
    private long _reads;

    public ReadLog(IMeterFactory meters, IOptions<ConsistencyOptions> options, SaltedHash hash)
    {
        (_options, _hash) = (options.Value, hash);
        var meter = meters.Create(FeatureStoreMetrics.MeterName);
        _dropped = meter.CreateCounter<long>("mlsystem.features.read_log_dropped", "{read}", "Sampled online reads that the log could not take.");
        _values = meter.CreateCounter<long>("mlsystem.features.sampled_values", "{value}", "Values of sampled online reads by feature view and status; NULL_VALUE over all is the null rate.");
        _age = meter.CreateHistogram<double>("mlsystem.features.sampled_value_age_seconds", null, "Time of the read minus event time of the rows that sampled online reads got.");
    }

    internal bool IsEmpty => !_waiting.Reader.TryPeek(out _);

    internal ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _waiting.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Takes a waiting read apart: a wide one takes milliseconds, which its caller must not wait for.</summary>
    internal bool TryTake(out IReadOnlyList<LoggedRead> read)
    {
        read = [];
        if (!_waiting.Reader.TryRead(out var result))
        {
            return false;
        }

        try
        {
            read = Take(result);
        }
        catch (OnlineStoreException)
        {
            // A row in a form that nobody here knows; the caller was told.
            _dropped.Add(1);
        }

        return true;
    }

    /// <summary>Logs the read if it is one of the sample: every n-th, so that a share needs no dice.</summary>
    public void Offer(OnlineResult result)
    {
        if (_options.SampleShare == 0 || result.Query.Rows == 0)
        {
            return;
        }

        var read = Interlocked.Increment(ref _reads);
        if ((long)(read * _options.SampleShare) != (long)((read - 1) * _options.SampleShare) && !_waiting.Writer.TryWrite(result))
        {
            _dropped.Add(1);
        }
    }

    private List<LoggedRead> Take(OnlineResult result)
    {
        var query = result.Query;
        var rows = Math.Min(query.Rows, _options.MaxRowsPerRead);
        var taken = new List<LoggedRead>(rows * query.Views.Count);
        for (var v = 0; v < query.Views.Count; v++)
        {
            OnlineColumn[] columns = [.. query.Columns.Where(column => !column.IsComputed && column.ViewOrdinal == v && column.Feature >= 0)];
            for (var i = 0; columns.Length > 0 && i < rows; i++)
            {
                taken.Add(Take(result, query.Views[v], columns, (int)((long)i * query.Rows / rows)));
            }
        }

        return taken;
    }

    private LoggedRead Take(OnlineResult result, FeatureView view, OnlineColumn[] columns, int entity)
    {
        var (statuses, values) = (new int[columns.Length], new JsonElement?[columns.Length]);
        long? readEventUs = null;
        for (var c = 0; c < columns.Length; c++)
        {
            var status = result.Cell(columns[c], entity, out var row, out var feature, out var eventUs);
            statuses[c] = (int)status;
            readEventUs = status == OnlineStatus.NotFound ? null : eventUs;
            if (status == OnlineStatus.Present)
            {
                var field = view.Features[columns[c].Feature];
                values[c] = Value(view, field.Name, ValueText.Of(field.Datatype, PackedValues.Read(row, field.Datatype, feature)));
            }

            _values.Add(1, new KeyValuePair<string, object?>("feature_view", view.Name), new KeyValuePair<string, object?>("status", Name(status)));
        }

        if (readEventUs is { } us)
        {
            _age.Record((result.NowUs - us) / 1e6, new KeyValuePair<string, object?>("feature_view", view.Name));
        }

        return new LoggedRead
        {
            ReadUs = result.NowUs,
            View = view.Name,
            Version = view.Version,
            Keys = [.. view.JoinKeys.Select(key => Key(view, key, result.Query.Keys[key.Name][entity]))],
            EventUs = readEventUs,
            Features = [.. columns.Select(column => view.Features[column.Feature].Name)],
            Statuses = statuses,
            Values = values,
        };
    }

    private string Key(FeatureView view, Field key, in FeatureValue value) =>
        KeyText.Of(key.Datatype, value) is var text && view.IsSensitive(key.Name) ? _hash.Of(text) : text;

    private JsonElement Value(FeatureView view, string feature, string json)
    {
        using var document = JsonDocument.Parse(view.IsSensitive(feature) ? $"\"{_hash.Of(json)}\"" : json);
        return document.RootElement.Clone();
    }

    private static string Name(OnlineStatus status) => status switch
    {
        OnlineStatus.Present => "PRESENT",
        OnlineStatus.NullValue => "NULL_VALUE",
        OnlineStatus.OutsideMaxAge => "OUTSIDE_MAX_AGE",
        _ => "NOT_FOUND",
    };
}
