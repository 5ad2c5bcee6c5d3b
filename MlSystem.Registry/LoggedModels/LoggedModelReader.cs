using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.LoggedModels;

/// <summary>Reads logged models with what belongs to them: a fixed number of queries, however many models.</summary>
internal static class LoggedModelReader
{
    public static async Task<IReadOnlyList<LoggedModelMessage>> MessagesAsync(RegistryContext db, IReadOnlyList<LoggedModel> models, CancellationToken cancellationToken)
    {
        var ids = models.Select(m => m.ModelId).ToList();
        var parameters = (await db.LoggedModelParams.AsNoTracking().Where(p => ids.Contains(p.ModelId)).OrderBy(p => p.Key).ToListAsync(cancellationToken)).ToLookup(p => p.ModelId);
        var tags = (await db.LoggedModelTags.AsNoTracking().Where(t => ids.Contains(t.ModelId)).OrderBy(t => t.Key).ToListAsync(cancellationToken)).ToLookup(t => t.ModelId);
        var metrics = (await Latest(db).Where(m => ids.Contains(m.ModelId)).OrderBy(m => m.Key).ThenBy(m => m.RunId).ThenBy(m => m.DatasetName).ToListAsync(cancellationToken)).ToLookup(m => m.ModelId);
        var registrations = (await db.Versions.Where(v => v.LoggedModelId != null && ids.Contains(v.LoggedModelId))
            .Join(db.Models, v => v.ModelId, m => m.ModelId, (v, m) => new { v.LoggedModelId, m.Name, v.Version })
            .OrderBy(v => v.Name).ThenBy(v => v.Version).ToListAsync(cancellationToken)).ToLookup(v => v.LoggedModelId!);
        return [.. models.Select(model => new LoggedModelMessage(
            Info(model) with
            {
                Tags = OrNull(tags[model.ModelId].Select(t => new KeyValue(t.Key, t.Value))),
                Registrations = OrNull(registrations[model.ModelId].Select(v => new LoggedModelRegistration(v.Name, v.Version.ToString(CultureInfo.InvariantCulture)))),
            },
            new(OrNull(parameters[model.ModelId].Select(p => new KeyValue(p.Key, p.Value))), OrNull(metrics[model.ModelId].Select(Metric)))))];
    }

    /// <summary>The last value of each metric that each run measured on each data set.</summary>
    public static IQueryable<LoggedModelMetric> Latest(RegistryContext db) => db.LoggedModelMetrics.AsNoTracking().Where(m => !db.LoggedModelMetrics.Any(o =>
        o.ModelId == m.ModelId && o.RunId == m.RunId && o.Key == m.Key && o.DatasetName == m.DatasetName && o.DatasetDigest == m.DatasetDigest
        && (o.Step > m.Step || (o.Step == m.Step && o.Timestamp > m.Timestamp))));

    private static MetricMessage Metric(LoggedModelMetric m) => RunStore.Metric(m.Key, m.Value, m.IsNan, m.Timestamp, m.Step) with
    {
        ModelId = m.ModelId,
        RunId = m.RunId,
        DatasetName = m.DatasetName.Length == 0 ? null : m.DatasetName,
        DatasetDigest = m.DatasetDigest.Length == 0 ? null : m.DatasetDigest,
    };

    private static LoggedModelInfo Info(LoggedModel model) => new()
    {
        ModelId = model.ModelId,
        ExperimentId = model.ExperimentId.ToString(CultureInfo.InvariantCulture),
        Name = model.Name,
        CreationTimestampMs = model.CreationTime,
        LastUpdatedTimestampMs = model.LastUpdatedTime,
        ArtifactUri = model.ArtifactUri,
        Status = model.Status,
        ModelType = model.ModelType,
        SourceRunId = model.SourceRunId,
    };

    private static List<T>? OrNull<T>(IEnumerable<T> items) => items.ToList() is { Count: > 0 } list ? list : null;
}
