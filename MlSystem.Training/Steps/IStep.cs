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

    /// <summary>
    /// Sections of the definition that its outputs depend on, beside the outputs of earlier steps; null when they depend on more than
    /// that (another service's state), so that it is never taken over from another run.
    /// </summary>
    IReadOnlyList<string>? CacheSections => null;

    /// <summary>Whether the step depends on nothing but its sections and the files before it in this definition.</summary>
    bool CanCache(PipelineDefinition definition) => CacheSections is not null;

    /// <exception cref="StepFailedException">It can never succeed like this: the run fails at once.</exception>
    /// <exception cref="TransientStepException">It may succeed later: tried again with back-off. So are failed connections and timeouts.</exception>
    Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken);
}

/// <summary>What a step works with.</summary>
public sealed class StepContext(RunRow run, PipelineDefinition definition, RunFolder folder, string output, IProgress<double> progress)
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<(string Step, string File), bool> _read = [];

    public RunRow Run => run;

    /// <summary>Which attempt of the step in the run this is, from 1, over all workers and retries.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Files of earlier steps that were asked for.</summary>
    internal IReadOnlyCollection<(string Step, string File)> Read => [.. _read.Keys.Order()];

    /// <summary>Where <see cref="Output"/> is, and the run's folder.</summary>
    internal (string Output, RunFolder Folder) Place => (output, folder);

    /// <summary>Another process read a file for this step.</summary>
    internal void NoteRead(string step, string file) => _read.TryAdd((step, file), true);

    public PipelineDefinition Definition => definition;

    /// <summary>Takes the step's own progress, 0 to 1.</summary>
    public IProgress<double> Progress => progress;

    /// <summary>Path of a file that this step writes.</summary>
    public string Output(string file) => Path.Combine(output, file);

    /// <summary>Path of a file that an earlier step wrote.</summary>
    public string Input(string step, string file)
    {
        NoteRead(step, file);
        return Path.Combine(folder.Of(step), file);
    }
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

/// <summary>A file of an earlier step that a step read.</summary>
public sealed record StepInput(string Step, string Path, string Sha256);

/// <summary>A finished step: its facts and its files.</summary>
public sealed record StepResult(IReadOnlyList<StepOutput> Outputs, string? Model, int? ModelVersion, string? TrackingRunId)
{
    public IReadOnlyList<StepInput> Inputs { get; init; } = [];

    public string? CacheKey { get; init; }

    /// <summary>The run whose outputs were taken over.</summary>
    public string? CachedFrom { get; init; }

    public string? Executor { get; init; }
}

/// <summary>A step cannot succeed; the message is the run's failure reason.</summary>
public sealed class StepFailedException(string message) : Exception(message);

/// <summary>A step failed for a reason that may pass.</summary>
public sealed class TransientStepException(string message) : Exception(message);
