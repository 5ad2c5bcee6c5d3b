using MlSystem.Contracts;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Trainers that take rows of one shape: how they are trained, scored and compared. Stateless; used by several runs at once.</summary>
public interface ITrainerFamily
{
    /// <summary>No kind of another family has the same name.</summary>
    IReadOnlyList<TrainerKind> Kinds { get; }

    /// <summary>A task belongs to one family.</summary>
    IReadOnlyList<TrainerTask> Tasks { get; }

    /// <summary>Mistakes of a definition that only this family knows; empty when there are none.</summary>
    IEnumerable<DefinitionError> Check(PipelineDefinition definition);

    /// <summary>Trains; blocks until done.</summary>
    /// <param name="progress">Takes the share done, 0 to 1.</param>
    /// <exception cref="TrainingDataException">The rows can't be learned from.</exception>
    TrainedFiles Train(TrainingJob job, IProgress<double> progress, CancellationToken cancellationToken);

    /// <summary>Scores held-out rows with the file that will be served.</summary>
    /// <exception cref="ScoringException">The model cannot score these rows.</exception>
    EvaluationResult Evaluate(ScoringJob job, CancellationToken cancellationToken);

    /// <summary>The losses of which paired comparisons are made; for the same job but another model, the same units in the same order.</summary>
    /// <exception cref="ScoringException">The model cannot score these rows.</exception>
    UnitLosses Losses(ScoringJob job, CancellationToken cancellationToken);
}

/// <summary>What a trainer learns from.</summary>
public sealed record TrainingJob
{
    public required TrainerSpec Trainer { get; init; }

    /// <summary>Rows to train on: keys, event timestamp, label (see <see cref="Joining"/>) and features.</summary>
    public required RowTable Rows { get; init; }

    public required IReadOnlyList<ServiceFeature> Features { get; init; }

    /// <summary>Entity columns, in the order of the source.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>What validation found in all rows.</summary>
    public required ValidationReport Validation { get; init; }

    /// <summary>The version to start from; null starts from nothing.</summary>
    public ParentModel? Parent { get; init; }
}

/// <summary>A model version whose weights a trainer may start from.</summary>
/// <param name="Onnx">Its <c>model.onnx</c>.</param>
public sealed record ParentModel(string Model, int Version, byte[] Onnx, ModelSignature Signature);

/// <summary>What training gives. Every file becomes a part of the version; the same job gives the same bytes.</summary>
/// <param name="Parameters">Every setting of the trainer, defaults included, and what training made of them.</param>
public sealed record TrainedFiles(byte[] Onnx, ModelSignature Signature, Baseline Baseline, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Further files of the version by their path, for instance plots.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
}

/// <summary>A written model and the rows that it is judged on.</summary>
public sealed record ScoringJob
{
    public required string Task { get; init; }

    public required byte[] Onnx { get; init; }

    public required ModelSignature Signature { get; init; }

    /// <summary>Held-out rows.</summary>
    public required RowTable Rows { get; init; }

    /// <summary>The rows that were trained on: what a user's history is taken from. Read only by families that need it.</summary>
    public required Lazy<RowTable> TrainingRows { get; init; }

    public required IReadOnlyList<ServiceFeature> Features { get; init; }

    /// <summary>Entity columns, in the order of the source.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    public required ValidationReport Validation { get; init; }

    public required TrainerSpec Trainer { get; init; }
}

/// <summary>Metrics of held-out rows; one that the rows don't define is absent.</summary>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Further files by their path, for instance plots; they become artifacts of the run.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
}

/// <summary>A loss for each unit of comparison: a row, or a user with all of its rows. Lower is better.</summary>
/// <param name="Values">Losses, one a unit.</param>
/// <param name="Rows">For each unit a held-out row that belongs to it, by which units are sliced.</param>
public sealed record UnitLosses(IReadOnlyList<double> Values, IReadOnlyList<int> Rows);
