using System.Text.Json;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Takes a claimed run from its last finished step to its end.</summary>
public sealed partial class RunExecutor(
    RunLedger ledger, RunReader reader, PipelineStore pipelines, StepPlan plan, StepRunner runner, DataDirectory data, TimeProvider time, ILogger<RunExecutor> logger)
{
    /// <param name="stopping">Cancelled when the run was cancelled, the lease is lost or the process stops: the caller knows which and writes it.</param>
    public async Task ExecuteAsync(RunLease lease, CancellationToken stopping)
    {
        RunLog.Enter(lease.RunId);
        var run = await reader.RequireAsync(lease.RunId, stopping);
        var definition = await pipelines.RequireAsync(run.Pipeline, run.PipelineVersion, stopping);
        var steps = plan.For(run, definition);
        string[] names = [.. steps.Select(s => s.Name)];
        (run, var rows) = await ledger.OpenAsync(lease, names, stopping);
        var folder = new RunFolder(Path.Combine(data.Own, "runs", run.Id), names);
        var estimate = new RunEstimate(steps, await reader.LastDurationsAsync(run.Pipeline, stopping), time);
        var first = await FirstOpenAsync(lease, rows, folder, stopping);
        List<(string Step, IReadOnlyList<StepOutput> Outputs)> done = [.. rows.Take(first).Select(r => (r.Name, OutputsOf(r)))];
        for (var index = first; index < steps.Count; index++)
        {
            if (await runner.RunAsync(new Turn(lease, run, definition, folder, estimate, steps[index], index) { Done = done }, stopping) is not { } outputs)
            {
                return;
            }

            done.Add((steps[index].Name, outputs));
        }

        await ledger.SucceedAsync(lease, stopping);
        LogSucceeded(run.Id, run.Pipeline);
    }

    private static IReadOnlyList<StepOutput> OutputsOf(StepRow row) => JsonSerializer.Deserialize(row.Outputs!, TrainingJson.Default.IReadOnlyListStepOutput)!;

    /// <summary>The step to go on with: the first that is not finished or whose outputs are no longer what was recorded.</summary>
    private async Task<int> FirstOpenAsync(RunLease lease, IReadOnlyList<StepRow> rows, RunFolder folder, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            if (row.State != StepState.Succeeded)
            {
                return row.Index;
            }

            if (!await folder.IsIntactAsync(row.Name, OutputsOf(row), cancellationToken))
            {
                LogOutputsGone(lease.RunId, row.Name);
                await ledger.ResetFromAsync(lease, row.Index, cancellationToken);
                return row.Index;
            }
        }

        return rows.Count;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {Run} of pipeline {Pipeline} succeeded")]
    private partial void LogSucceeded(string run, string pipeline);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {Run}: outputs of step {Step} are gone or changed; it is done again")]
    private partial void LogOutputsGone(string run, string step);
}

/// <summary>One step of one run, as the executor holds it.</summary>
internal sealed record Turn(RunLease Lease, RunRow Run, PipelineDefinition Definition, RunFolder Folder, RunEstimate Estimate, IStep Step, int Index)
{
    /// <summary>Outputs of the steps before.</summary>
    public required IReadOnlyList<(string Step, IReadOnlyList<StepOutput> Outputs)> Done { get; init; }
}
