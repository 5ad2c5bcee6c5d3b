using System.Text.Json;
using MlSystem.Training.Clients;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Tuning;

/// <summary>Searches the trainer's parameters on an inner split of the training rows; the step <c>train</c> takes the best ones.</summary>
public sealed class TuneStep(RegistryClient registry, TimeProvider time) : IStep
{
    public const string StepName = "tune";
    public const string ReportFile = "tuning.json";
    public const string HistoryFile = "history.svg";
    public const string ImportanceFile = "importance.svg";

    /// <summary>Beside the step's folder, which appears only when the step is done.</summary>
    public const string JournalSuffix = ".trials.jsonl";

    public string Name => StepName;

    public double Weight => 300;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var spec = context.Definition.Tuning!;
        var join = await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);
        var runner = TrialRunner.Of(context.Definition, await ModelSteps.UntunedAsync(context, parent: null, cancellationToken), [.. join.Service.JoinKeys.Select(k => k.Name)]);
        var (journal, events) = TrialJournal.Open(context.Place.Folder.Of(StepName) + JournalSuffix);
        using (journal)
        {
            var book = new TrialBook(spec);
            foreach (var entry in events)
            {
                book.Apply(entry);
            }

            var tracker = new TrialTracker(registry, spec, book, context);
            await new TuningSearch(spec, book, journal, runner.Run, time).RunAsync(
                async trial =>
                {
                    context.Progress.Report(Share(spec, book));
                    await tracker.TryLogAsync(trial, cancellationToken);
                },
                cancellationToken);
            await FinishAsync(context, book, tracker, cancellationToken);
        }

        return StepFacts.None;
    }

    private static async Task FinishAsync(StepContext context, TrialBook book, TrialTracker tracker, CancellationToken cancellationToken)
    {
        var best = book.Best() ?? throw new StepFailedException(
            $"No trial gave a model: {book.Trials.Select(t => t.Error).FirstOrDefault(e => e is not null) ?? "the time limit ended the search before the first one finished"}");
        var report = TuningReport.Of(context.Definition.Tuning!, book, best, context.Definition.Trainer);
        Dictionary<string, byte[]> files = new(StringComparer.Ordinal)
        {
            [ReportFile] = JsonSerializer.SerializeToUtf8Bytes(report, TrainingJson.Default.TuningReport),
            [HistoryFile] = TuningPlots.History(report),
        };
        if (TuningPlots.Importance(report) is { } importance)
        {
            files[ImportanceFile] = importance;
        }

        await ModelSteps.WriteAsync(context, files, cancellationToken);
        await tracker.FinishAsync(files, cancellationToken);
    }

    private static double Share(TuningSpec spec, TrialBook book) => Math.Min(0.99, (double)book.Trials.Count(t => t.Values.Count > 0) / spec.MaxTrials);
}
