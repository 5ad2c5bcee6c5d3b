using System.Buffers;
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

    private static readonly int Statuses = (int)Enum.GetValues<OnlineStatus>().Max() + 1;

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
            var found = new long[Statuses];
            OnlineColumn[] columns = [.. query.Columns.Where(column => !column.IsComputed && column.ViewOrdinal == v && column.Feature >= 0)];
            for (var i = 0; columns.Length > 0 && i < rows; i++)
            {
                taken.Add(Take(result, query.Views[v], columns, (int)((long)i * query.Rows / rows), found));
            }

            Count(query.Views[v], found);
        }

        return taken;
    }

    private LoggedRead Take(OnlineResult result, FeatureView view, OnlineColumn[] columns, int entity, long[] found)
    {
        var statuses = new int[columns.Length];
        long? readEventUs = null;
        var text = new ArrayBufferWriter<byte>(columns.Length * 16);
        using var json = new Utf8JsonWriter(text);
        json.WriteStartArray();
        for (var c = 0; c < columns.Length; c++)
        {
            var status = result.Cell(columns[c], entity, out var row, out var feature, out var eventUs);
            statuses[c] = (int)status;
            found[(int)status]++;
            readEventUs = status == OnlineStatus.NotFound ? null : eventUs;
            if (status == OnlineStatus.Present)
            {
                var field = view.Features[columns[c].Feature];
                Write(json, view, field, PackedValues.Read(row, field.Datatype, feature));
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
        json.Flush();
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
            Values = Values(text.WrittenMemory, statuses),
        };
    }

    private string Key(FeatureView view, Field key, in FeatureValue value) =>
        KeyText.Of(key.Datatype, value) is var text && view.IsSensitive(key.Name) ? _hash.Of(text) : text;

    private void Write(Utf8JsonWriter json, FeatureView view, Field field, in FeatureValue value)
    {
        if (view.IsSensitive(field.Name))
        {
            json.WriteStringValue(_hash.Of(ValueText.Of(field.Datatype, value)));
        }
        else
        {
            JsonValues.Write(json, field.Datatype, value);
        }
    }

    /// <summary>Values of one document, so that a wide row costs one parse.</summary>
    private static JsonElement?[] Values(ReadOnlyMemory<byte> array, int[] statuses)
    {
        using var document = JsonDocument.Parse(array);
        return [.. document.RootElement.Clone().EnumerateArray().Select((value, i) => statuses[i] == (int)OnlineStatus.Present ? value : (JsonElement?)null)];
    }

    private void Count(FeatureView view, long[] found)
    {
        for (var status = 0; status < Statuses; status++)
        {
            if (found[status] > 0)
            {
                _values.Add(found[status], new KeyValuePair<string, object?>("feature_view", view.Name), new KeyValuePair<string, object?>("status", Name((OnlineStatus)status)));
            }
        }
    }

    private static string Name(OnlineStatus status) => status switch
    {
        OnlineStatus.Present => "PRESENT",
        OnlineStatus.NullValue => "NULL_VALUE",
        OnlineStatus.OutsideMaxAge => "OUTSIDE_MAX_AGE",
        _ => "NOT_FOUND",
    };
}
