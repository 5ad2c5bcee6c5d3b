using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Learners.Storage;

namespace MlSystem.Training.Learners.Snapshots;

/// <summary>The artifact folder of a snapshot's version.</summary>
internal static class SnapshotFiles
{
    /// <summary>The learner's own form of the weights, for warm starts.</summary>
    public const string Weights = "learner.bin";

    private static readonly string CodeVersion =
        typeof(SnapshotFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static IReadOnlyList<(string Name, byte[] Content)> Of(LearnerDefinition definition, LearnerSnapshotRow snapshot, LearnerProgress progress, string trackingRun)
    {
        var learner = new OnlineLearner(definition);
        learner.Deserialize(snapshot.Data!);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["learner"] = definition.Name, ["snapshot"] = snapshot.Number.ToString(CultureInfo.InvariantCulture) };
        return
        [
            (ModelFiles.Onnx, LearnerGraph.Write(definition, learner.Model, metadata).ToBytes()),
            (ModelFiles.Signature, JsonSerializer.SerializeToUtf8Bytes(LearnerSignature.Of(definition), ContractsJson.Default.ModelSignature)),
            (ModelFiles.Baseline, JsonSerializer.SerializeToUtf8Bytes(LearnerSignature.BaselineOf(definition, learner.Recent), ContractsJson.Default.Baseline)),
            (ModelFiles.Metrics, JsonSerializer.SerializeToUtf8Bytes(Metrics(progress), LearnerJson.Default.SortedDictionaryStringDouble)),
            (ModelFiles.Lineage, JsonSerializer.SerializeToUtf8Bytes(Lineage(definition, snapshot, progress, trackingRun), ContractsJson.Default.ModelLineage)),
            (Weights, learner.SerializeModel()),
        ];
    }

    /// <summary>The sliding window's metrics under their own names, all rows' with the prefix <c>overall_</c>.</summary>
    public static SortedDictionary<string, double> Metrics(LearnerProgress progress)
    {
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, value) in progress.Window)
        {
            metrics[name] = value;
        }

        foreach (var (name, value) in progress.Overall)
        {
            metrics[$"overall_{name}"] = value;
        }

        return metrics;
    }

    public static SortedDictionary<string, string> Parameters(LearnerDefinition definition)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["kind"] = definition.Kind, ["scaling"] = definition.Features.Scaling, ["drift_action"] = definition.Drift.Action };
        foreach (var name in LearnerParameters.Of(definition.Kind).Keys)
        {
            parameters[name] = definition.Parameter(name).ToString("R", CultureInfo.InvariantCulture);
        }

        return parameters;
    }

    private static ModelLineage Lineage(LearnerDefinition definition, LearnerSnapshotRow snapshot, LearnerProgress progress, string trackingRun) => new()
    {
        RunId = trackingRun,
        Pipeline = definition.Name,
        DataFingerprint = Fingerprint(snapshot.LearnerId, progress),
        TrainingRows = progress.Rows,
        CodeVersion = CodeVersion,
        Parameters = Parameters(definition),
        Seed = definition.Kind == LearnerKind.MatrixFactorization ? (long)definition.Parameter("seed") : 0,
        ParentVersion = definition.WarmStart is { } warm && warm.Model == definition.Snapshots?.Model ? warm.Version : null,
        Trigger = new RunTrigger { Kind = "online", Evidence = string.Create(CultureInfo.InvariantCulture, $"learner {definition.Name}, snapshot {snapshot.Number}, row {progress.Rows}") },
        TrainedAt = snapshot.CreatedAt,
    };

    /// <summary>The events of an append-only log up to these offsets are one set of rows, so the offsets name it.</summary>
    private static string Fingerprint(string learner, LearnerProgress progress) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{learner}\n{string.Join('\n', progress.Offsets.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Key}:{o.Value}")))}")));
}
