using System.Globalization;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.MlNet;
using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular.Linear;

/// <summary>Logistic, softmax and ridge regression on standardised features.</summary>
internal sealed class LinearLearner : ILearner
{
    private const int MaximumSteps = 2000;
    private const double Tolerance = 1e-9;
    private static readonly double[] Penalties = [1000, 300, 100, 30, 10, 3, 1, 0.3, 0.1, 0.01];

    /// <summary>The penalty with the least held-out loss, from the strongest on, each fit starting from the one before.</summary>
    public TabularOptions Choose(IReadOnlyList<Fold> folds, TabularOptions options, LearnerContext context)
    {
        if (options.L2 is not null)
        {
            return options;
        }

        var losses = new double[Penalties.Length];
        foreach (var fold in folds)
        {
            var objective = new LinearObjective(fold.Fit, options.Threads);
            var held = new LinearObjective(fold.Held, options.Threads);
            var parameters = new double[objective.Size];
            for (var i = 0; i < Penalties.Length; i++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                objective.L2 = Penalties[i];
                Descend(objective, parameters, MaximumSteps, fold.Fit.Features, context, 1e-6);
                losses[i] += LinearLoss.Mean(fold.Held.Targets, held.Scores(parameters)) * fold.Held.Rows;
            }
        }

        return options with { L2 = Penalties[Array.IndexOf(losses, losses.Min())] };
    }

    public FittedModel Fit(TrainingSet set, TabularOptions options, LearnerContext context)
    {
        if (options.LinearSolver == LinearSolver.Sdca)
        {
            return SdcaFit.Fit(set, options);
        }

        var objective = new LinearObjective(set, options.Threads) { L2 = options.L2 ?? 1 };
        var parameters = context.Parent?.Linear is { } parent ? Parameters(parent, objective) : new double[objective.Size];
        var steps = Descend(objective, parameters, options.Iterations ?? MaximumSteps, set.Features, context, Tolerance);
        var model = Model(parameters, objective.Stride);
        return new FittedModel
        {
            Linear = model,
            Link = LearnerLinks.Of(set.Targets),
            Scores = features => Scores(model, features),
            Facts = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["linear_solver"] = "lbfgs",
                ["steps"] = steps.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    /// <summary>The graph's own sum: intercept + Σ weight · feature.</summary>
    internal static double[] Scores(LinearModel model, FeatureRows features)
    {
        var row = new float[features.Width];
        var wide = new double[features.Width];
        var scores = new double[features.Rows * model.Outputs];
        for (var r = 0; r < features.Rows; r++)
        {
            features.Fill(r, 1, row);
            for (var i = 0; i < row.Length; i++)
            {
                wide[i] = row[i];
            }

            model.Score(wide).CopyTo(scores, r * model.Outputs);
        }

        return scores;
    }

    private static int Descend(LinearObjective objective, double[] parameters, int steps, FeatureRows features, LearnerContext context, double tolerance)
    {
        try
        {
            return Lbfgs.Minimise(objective.Evaluate, parameters, steps, tolerance, _ => context.Cancellation.ThrowIfCancellationRequested());
        }
        catch (DivergedException error)
        {
            var feature = error.Parameter % objective.Stride;
            throw new TrainingDataException(
                error.Parameter >= 0 && feature < features.Width ? features.Names[feature] : null,
                $"the loss or its gradient is not finite after {error.Step} steps of L-BFGS");
        }
    }

    private static LinearModel Model(double[] parameters, int stride)
    {
        var outputs = parameters.Chunk(stride).ToList();
        return new LinearModel { Coefficients = [.. outputs.Select(o => o[..^1])], Intercepts = [.. outputs.Select(o => o[^1])] };
    }

    private static double[] Parameters(LinearModel parent, LinearObjective objective) => parent.Features + 1 == objective.Stride
        ? [.. parent.Coefficients.Zip(parent.Intercepts).SelectMany(o => o.First.Append(o.Second))]
        : throw new TrainingDataException(null, $"the parent has {parent.Features} features, this training {objective.Stride - 1}");
}
