using System.Globalization;
using System.Reflection;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Clients;
using MlSystem.Training.Gates;

namespace MlSystem.Training.Steps;

/// <summary>What earlier steps found out and registration writes down.</summary>
internal sealed record RegisterFacts(JoinReport Join, SplitReport Split, TrainingReport Training, GateDecision Gate, SortedDictionary<string, double> Metrics, EvaluationReport Evaluation)
{
    /// <summary>The version of this program: the informational version, which carries the commit where the build knows it.</summary>
    private static readonly string CodeVersion =
        typeof(RegisterFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static async Task<RegisterFacts> ReadAsync(StepContext context, CancellationToken cancellationToken) => new(
        await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken),
        await StepFiles.ReadAsync(context.Input(SplitStep.StepName, SplitStep.ReportFile), TrainingJson.Default.SplitReport, cancellationToken),
        await StepFiles.ReadAsync(context.Input(TrainStep.StepName, TrainStep.ReportFile), TrainingJson.Default.TrainingReport, cancellationToken),
        await StepFiles.ReadAsync(context.Input(GateStep.StepName, GateStep.DecisionFile), TrainingJson.Default.GateDecision, cancellationToken),
        await StepFiles.ReadAsync(context.Input(EvaluateStep.StepName, ModelFiles.Metrics), TrainingJson.Default.SortedDictionaryStringDouble, cancellationToken),
        await StepFiles.ReadAsync(context.Input(EvaluateStep.StepName, EvaluateStep.ReportFile), TrainingJson.Default.EvaluationReport, cancellationToken));

    /// <summary>Tags of run and version.</summary>
    public IReadOnlyList<Tag> Tags(StepContext context) =>
    [
        new(RegisterStep.RunTag, context.Run.Id),
        new("mlsystem.pipeline", context.Run.Pipeline),
        new("mlsystem.pipeline_version", context.Run.PipelineVersion.ToString(CultureInfo.InvariantCulture)),
        new("mlsystem.data_fingerprint", Join.Fingerprint),
        new("mlsystem.gate", Gate.Passed ? "passed" : "refused"),
        .. Gate.Passed ? Array.Empty<Tag>() : [new Tag("mlsystem.gate_reason", string.Join("; ", Gate.Reasons))],
    ];

    /// <summary>The files of the version's artifact folder.</summary>
    public async Task<IReadOnlyList<(string Name, byte[] Content)>> FilesAsync(StepContext context, string trackingRun, CancellationToken cancellationToken) =>
    [
        (ModelFiles.Onnx, await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, ModelFiles.Onnx), cancellationToken)),
        (ModelFiles.Signature, await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, ModelFiles.Signature), cancellationToken)),
        (ModelFiles.Baseline, await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, ModelFiles.Baseline), cancellationToken)),
        (ModelFiles.Metrics, await File.ReadAllBytesAsync(context.Input(EvaluateStep.StepName, ModelFiles.Metrics), cancellationToken)),
        .. await Task.WhenAll(Training.Files.Select(async f => (f, await File.ReadAllBytesAsync(context.Input(TrainStep.StepName, f), cancellationToken)))),
        (ModelFiles.Lineage, JsonSerializer.SerializeToUtf8Bytes(Lineage(context, trackingRun), ContractsJson.Default.ModelLineage)),
    ];

    public ModelLineage Lineage(StepContext context, string trackingRun) => new()
    {
        RunId = trackingRun,
        Pipeline = context.Run.Pipeline,
        PipelineRunId = context.Run.Id,
        DataFingerprint = Join.Fingerprint,
        TrainingRows = Split.TrainingRows,
        FeatureService = Join.IsBound ? Join.Service.Name : null,
        FeatureServiceVersion = Join.IsBound ? Join.Service.Version : null,
        JoinKeys = [.. (Join.IsBound ? Join.Service.JoinKeys : []).Select(k => new TensorSpec { Name = k.Name, Datatype = k.Datatype, Shape = [-1, 1] })],
        RequestColumns = [.. (Join.Service.RequestColumns ?? []).Select(RequestColumn)],
        CodeVersion = CodeVersion,
        Parameters = Training.Parameters,
        Seed = context.Definition.Trainer.Seed,
        ParentVersion = Training.WarmStartVersion ?? Gate.Champion,
        Trigger = new RunTrigger { Kind = context.Run.TriggerKind, Evidence = context.Run.TriggerEvidence },
        TrainedAt = Training.TrainedAt,
    };

    /// <summary>In the datatypes that requests have: a list as its elements, a time as text.</summary>
    private static TensorSpec RequestColumn(Clients.JoinKey column)
    {
        var isList = column.Datatype.EndsWith("[]", StringComparison.Ordinal);
        var datatype = isList ? column.Datatype[..^2] : column.Datatype == "TIMESTAMP" ? "BYTES" : column.Datatype;
        return new TensorSpec { Name = column.Name, Datatype = datatype, Shape = isList ? [-1, -1] : [-1, 1], Nullable = true };
    }
}
