using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>What is logged to a run: metrics with their history, parameters, tags.</summary>
internal sealed class RunLog(RegistryDatabase database)
{
    /// <summary>MLflow's limits of one <c>log-batch</c>.</summary>
    private const int MaxMetrics = 1000;
    private const int MaxParams = 100;
    private const int MaxTags = 100;
    private const int MaxEntities = 1000;
    private const string ModelHistoryTag = "mlflow.log-model.history";

    /// <summary>Logs everything or nothing; says which of many entries lacks something.</summary>
    public Task LogBatchAsync(LogBatch request, CancellationToken cancellationToken)
    {
        var (metrics, parameters, tags) = (request.Metrics ?? [], request.Params ?? [], request.Tags ?? []);
        RequireAll(metrics, m => !string.IsNullOrEmpty(m.Key), i => $"metrics[{i}].key");
        RequireAll(metrics, m => m.Value is not null, i => $"metrics[{i}].value");
        RequireAll(metrics, m => m.Timestamp is not null, i => $"metrics[{i}].timestamp");
        RequireAll(parameters, p => !string.IsNullOrEmpty(p.Key), i => $"params[{i}].key");
        RequireAll(tags, t => !string.IsNullOrEmpty(t.Key), i => $"tags[{i}].key");
        return LogAsync(request.RunId, metrics, parameters, tags, cancellationToken);
    }

    /// <summary>Logs everything or nothing.</summary>
    public Task LogAsync(string? id, IReadOnlyList<MetricMessage> metrics, IReadOnlyList<KeyValue> parameters, IReadOnlyList<KeyValue> tags, CancellationToken cancellationToken)
    {
        var runId = Require.Text(id, "run_id");
        CheckLimits(metrics.Count, parameters.Count, tags.Count);
        var points = metrics.Select(m => Point(runId, m)).ToList();
        var modelPoints = metrics.Zip(points).Where(p => !string.IsNullOrEmpty(p.First.ModelId)).ToList();
        var checkedParams = Parameters(parameters);
        var checkedTags = tags.Select(t => new KeyValue(Names.Key(t.Key, "tag"), Names.TagValue(t.Value, t.Key!))).Reverse().DistinctBy(t => t.Key).ToList();
        return database.WriteAsync(
            async db =>
            {
                await RunStore.ActiveAsync(db, runId, cancellationToken);
                await AddParamsAsync(db, runId, checkedParams, cancellationToken);
                await AddMetricsAsync(db, points, cancellationToken);
                await AddModelMetricsAsync(db, modelPoints, cancellationToken);
                await SetTagsAsync(db, runId, checkedTags, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Appends a model's description to the run's history of logged models (a tag that MLflow's clients read).</summary>
    public Task LogModelAsync(LogModel request, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.RunId, "run_id");
        var entry = JsonElement.Parse(Require.Text(request.ModelJson, "model_json")).GetRawText();
        return database.WriteAsync(
            async db =>
            {
                await RunStore.ActiveAsync(db, runId, cancellationToken);
                var before = await db.RunTags.Where(t => t.RunId == runId && t.Key == ModelHistoryTag).Select(t => t.Value).FirstOrDefaultAsync(cancellationToken);
                var history = before is null or "[]" ? $"[{entry}]" : $"{before[..^1]},{entry}]";
                await SetTagsAsync(db, runId, [new(ModelHistoryTag, history)], cancellationToken);
            },
            cancellationToken);
    }

    public Task DeleteTagAsync(string? id, string? key, CancellationToken cancellationToken)
    {
        var runId = Require.Text(id, "run_id");
        var tag = Require.Text(key, "key");
        return database.WriteAsync(
            async db =>
            {
                await RunStore.ActiveAsync(db, runId, cancellationToken);
                await AuditTagsAsync(db, runId, [new(tag, null)], cancellationToken);
                if (await db.RunTags.Where(t => t.RunId == runId && t.Key == tag).ExecuteDeleteAsync(cancellationToken) == 0)
                {
                    throw MlflowError.NotFound($"No tag with name: {tag} in run with id {runId}");
                }
            },
            cancellationToken);
    }

    internal static async Task SetTagsAsync(RegistryContext db, string runId, IReadOnlyList<KeyValue> tags, CancellationToken cancellationToken)
    {
        if (tags.Count > 0)
        {
            await AuditTagsAsync(db, runId, [.. tags.Select(t => KeyValuePair.Create(t.Key!, t.Value))], cancellationToken);
            await Upsert.RowsAsync(
                db, "run_tags", ["run_id", "key", "value"], "(run_id, key) DO UPDATE SET value = excluded.value", [.. tags.Select(t => new object[] { runId, t.Key!, t.Value! })], cancellationToken);
        }
    }

    private static async Task AuditTagsAsync(RegistryContext db, string runId, List<KeyValuePair<string, string?>> tags, CancellationToken cancellationToken)
    {
        var keys = tags.ConvertAll(t => t.Key);
        db.Audit.Tags(
            new RunTag { RunId = runId, Key = "", Value = "" },
            await db.RunTags.Where(t => t.RunId == runId && keys.Contains(t.Key)).ToDictionaryAsync(t => t.Key, t => t.Value, cancellationToken),
            tags);
    }

    private static void RequireAll<T>(IReadOnlyList<T> entries, Func<T, bool> isThere, Func<int, string> field)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (!isThere(entries[i]))
            {
                throw MlflowError.Invalid($"Missing value for required parameter '{field(i)}'.");
            }
        }
    }

    private static void CheckLimits(int metrics, int parameters, int tags)
    {
        if (metrics > MaxMetrics || parameters > MaxParams || tags > MaxTags || metrics + parameters + tags > MaxEntities)
        {
            throw MlflowError.Invalid(
                $"A batch holds at most {MaxMetrics} metrics, {MaxParams} params and {MaxTags} tags, together {MaxEntities}; got {metrics}, {parameters} and {tags}.");
        }
    }

    private static List<KeyValue> Parameters(IReadOnlyList<KeyValue> parameters)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in parameters)
        {
            var key = Names.Key(parameter.Key, "param");
            var value = Names.ParamValue(parameter.Value, key);
            if (!values.TryAdd(key, value) && values[key] != value)
            {
                throw MlflowError.Invalid($"The request gives param '{key}' two values: '{values[key]}' and '{value}'.");
            }
        }

        return [.. values.Select(p => new KeyValue(p.Key, p.Value))];
    }

    /// <summary>A parameter never changes: the same value again is fine, another one is refused.</summary>
    private static async Task AddParamsAsync(RegistryContext db, string runId, List<KeyValue> parameters, CancellationToken cancellationToken)
    {
        if (parameters.Count == 0)
        {
            return;
        }

        await Upsert.RowsAsync(db, "run_params", ["run_id", "key", "value"], "(run_id, key) DO NOTHING", [.. parameters.Select(p => new object[] { runId, p.Key!, p.Value! })], cancellationToken);
        var keys = parameters.Select(p => p.Key!).ToList();
        var stored = await db.RunParams.AsNoTracking().Where(p => p.RunId == runId && keys.Contains(p.Key)).ToDictionaryAsync(p => p.Key, p => p.Value, cancellationToken);
        if (parameters.Find(p => stored[p.Key!] != p.Value) is { } changed)
        {
            throw MlflowError.Invalid(
                $"Changing param values is not allowed. Param with key='{changed.Key}' was already logged with value='{stored[changed.Key!]}' for run ID='{runId}'. Attempted logging new value '{changed.Value}'.");
        }
    }

    private static async Task AddMetricsAsync(RegistryContext db, List<MetricPoint> points, CancellationToken cancellationToken)
    {
        string[] columns = ["run_id", "key", "timestamp", "step", "value", "is_nan"];
        await Upsert.RowsAsync(db, "metric_points", columns, "DO NOTHING", [.. points.Select(Row)], cancellationToken);
        var latest = points.GroupBy(p => p.Key).Select(g => g.OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Last());
        await Upsert.RowsAsync(
            db,
            "latest_metrics",
            columns,
            "(run_id, key) DO UPDATE SET timestamp = excluded.timestamp, step = excluded.step, value = excluded.value, is_nan = excluded.is_nan "
                + "WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)",
            [.. latest.OrderBy(p => p.Key, StringComparer.Ordinal).Select(Row)],
            cancellationToken);
    }

    /// <summary>A metric that names a logged model belongs to that model too.</summary>
    private static async Task AddModelMetricsAsync(RegistryContext db, List<(MetricMessage Message, MetricPoint Point)> metrics, CancellationToken cancellationToken)
    {
        var ids = metrics.Select(m => m.Message.ModelId!).Distinct().ToList();
        var known = ids.Count == 0 ? [] : await db.LoggedModels.Where(m => ids.Contains(m.ModelId)).Select(m => m.ModelId).ToListAsync(cancellationToken);
        if (ids.Find(id => !known.Contains(id)) is { } absent)
        {
            throw MlflowError.NotFound($"Logged model with ID '{absent}' not found.");
        }

        await Upsert.RowsAsync(
            db,
            "logged_model_metrics",
            ["model_id", "run_id", "key", "dataset_name", "dataset_digest", "timestamp", "step", "value", "is_nan"],
            "DO NOTHING",
            [.. metrics.Select(m => new object[]
            {
                m.Message.ModelId!, m.Point.RunId, m.Point.Key, m.Message.DatasetName ?? "", m.Message.DatasetDigest ?? "", m.Point.Timestamp, m.Point.Step, m.Point.Value, m.Point.IsNan,
            })],
            cancellationToken);
    }

    private static object[] Row(MetricPoint p) => [p.RunId, p.Key, p.Timestamp, p.Step, p.Value, p.IsNan];

    private static MetricPoint Point(string runId, MetricMessage metric)
    {
        var key = Names.Key(metric.Key, "metric");
        var value = Require.Value(metric.Value, "value");
        return new()
        {
            RunId = runId,
            Key = key,
            Timestamp = Require.Value(metric.Timestamp, "timestamp"),
            Step = metric.Step ?? 0,
            Value = double.IsNaN(value) ? 0 : value,
            IsNan = double.IsNaN(value),
        };
    }
}
