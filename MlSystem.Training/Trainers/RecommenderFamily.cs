using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.Serving;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>
/// Ranking of items from histories (implicit feedback). Rows are interactions: the first entity column is the user, the second the item. What is
/// written holds no user: a graph from a history to the best items.
/// </summary>
internal sealed class RecommenderFamily : ITrainerFamily
{
    /// <summary>Name of the task.</summary>
    public const string Recommendation = "recommendation";

    /// <summary>Users of whom the baseline is made, and of whom the graph is held against the model.</summary>
    private const int SampledUsers = 500;

    public IReadOnlyList<TrainerKind> Kinds { get; } = [.. RecommenderKinds.All.Select(k => new TrainerKind(k.Name, [Recommendation], k.Parameters))];

    public IReadOnlyList<TrainerTask> Tasks { get; } = [new(Recommendation, LabelType.None, RankingScores.Metrics)];

    public IEnumerable<DefinitionError> Check(PipelineDefinition definition)
    {
        if (definition.Trainer.WarmStart is not null && RecommenderKinds.All.FirstOrDefault(k => k.Name == definition.Trainer.Kind) is { StartsWarm: false })
        {
            var able = string.Join(", ", RecommenderKinds.All.Where(k => k.StartsWarm).Select(k => k.Name));
            yield return new("$.trainer.warm_start", $"trainer '{definition.Trainer.Kind}' always starts from nothing; {able} can start from a version");
        }

        var columns = definition.Source.File?.Columns ?? definition.Source.Table?.Columns;
        if (columns is not null && columns.EntityColumns.Count != 2)
        {
            yield return new("$.source", $"{Recommendation} needs two entity_columns: the user, then the item");
        }
    }

    public TrainedFiles Train(TrainingJob job, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var kind = RecommenderKinds.All.First(k => k.Name == job.Trainer.Kind);
        var settings = new RecommenderSettings(kind.Parameters, job.Trainer.Parameters);
        var data = InteractionRows.Of(job.Rows, job.Keys, settings.Optional("minimum_label"));
        var context = new FitContext(Environment.ProcessorCount, (ulong)job.Trainer.Seed, progress, cancellationToken);
        var warm = job.Parent is { } parent ? ParentFactors.Of(parent, kind.Name, settings.Whole("factors")) : null;
        var model = Fit(kind, data, settings, context, warm);
        var top = settings.Whole("top_k");
        var parameters = settings.Describe(job.Trainer, data);
        if (warm is not null)
        {
            parameters["warm_start_items"] = warm.Items.Count(i => data.Items.Find(i) >= 0).ToString(CultureInfo.InvariantCulture);
        }

        var onnx = RankingGraph.Write(model, data.Items, PopularityModel.Fit(data).Scores, top, parameters).ToBytes();
        var signature = RankingGraph.Signature(top, data.Items.Count);
        using var scorer = new HistoryScorer(onnx);
        int[] users = [.. Enumerable.Range(0, Math.Min(data.Users.Count, SampledUsers))];
        var ranked = scorer.Rank([.. users.Select(u => InteractionRows.History(data, u))], cancellationToken);
        RankingParity.Check(model, data, users, ranked, scorer, cancellationToken);
        var baseline = new Baseline
        {
            Rows = users.Length,
            Inputs = [BaselineBuilder.Categorical(HistoryNodes.Input, [.. users.SelectMany(u => InteractionRows.History(data, u))])],
            Outputs =
            [
                BaselineBuilder.Categorical(StandardOutputs.ItemIds, [.. ranked.SelectMany(r => r.Items)]),
                BaselineBuilder.Numeric(StandardOutputs.Scores, [.. ranked.SelectMany(r => r.Scores).Where(s => s != RankingGraph.Excluded)]),
            ],
        };
        return new TrainedFiles(onnx, signature, baseline, parameters);
    }

    public EvaluationResult Evaluate(ScoringJob job, CancellationToken cancellationToken) => new(RankingScores.Of(job, cancellationToken).Summary());

    public UnitLosses Losses(ScoringJob job, CancellationToken cancellationToken)
    {
        var scores = RankingScores.Of(job, cancellationToken);
        return new UnitLosses([.. scores.Users.Select(u => 1 - u.Ranking.Ndcg)], [.. scores.Users.Select(u => u.Row)]);
    }

    private static IRankingModel Fit(RecommenderKind kind, Recommendation.Data.Interactions data, RecommenderSettings settings, FitContext context, WarmStart? parent)
    {
        try
        {
            return kind.Fit(data, settings, context, parent);
        }
        catch (DivergenceException error)
        {
            throw new TrainingDataException(null, error.Message);
        }
    }
}
