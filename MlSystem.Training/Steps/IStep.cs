using MlSystem.Training.Pipelines;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Steps;

/// <summary>
/// One step of a run. It may be executed again after a crash at any point: what it does outside its folder must be idempotent.
/// </summary>
public interface IStep
{
    string Name { get; }

    /// <summary>Usual share of a run's time, relative to the other steps: for the estimate before there is a finished run to learn from.</summary>
    double Weight { get; }

    /// <exception cref="StepFailedException">It can never succeed like this: the run fails at once.</exception>
    /// <exception cref="TransientStepException">It may succeed later: tried again with back-off. So are failed connections and timeouts.</exception>
    Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken);
}

/// <summary>What a step works with.</summary>
public sealed class StepContext(RunRow run, PipelineDefinition definition, RunFolder folder, string output, IProgress<double> progress)
{
    public RunRow Run => run;

    public PipelineDefinition Definition => definition;

    /// <summary>Takes the step's own progress, 0 to 1.</summary>
    public IProgress<double> Progress => progress;

    /// <summary>Path of a file that this step writes.</summary>
    public string Output(string file) => Path.Combine(output, file);

    /// <summary>Path of a file that an earlier step wrote.</summary>
    public string Input(string step, string file) => Path.Combine(folder.Of(step), file);
}

/// <summary>What a step tells of the run as a whole; null leaves a fact as it is.</summary>
public sealed record StepFacts(string? Model = null, int? ModelVersion = null, string? TrackingRunId = null)
{
    public static StepFacts None { get; } = new();
}

/// <summary>A file that a step wrote.</summary>
/// <param name="Path">Relative to the step's folder.</param>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
public sealed record StepOutput(string Path, string Sha256, long SizeBytes);

/// <summary>A finished step: its facts and its files.</summary>
public sealed record StepResult(IReadOnlyList<StepOutput> Outputs, string? Model, int? ModelVersion, string? TrackingRunId);

/// <summary>A step cannot succeed; the message is the run's failure reason.</summary>
public sealed class StepFailedException(string message) : Exception(message);

/// <summary>A step failed for a reason that may pass.</summary>
public sealed class TransientStepException(string message) : Exception(message);
