using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Explanations.Sampling;

/// <summary>
/// KernelSHAP (Lundberg and Lee 2017) over raw columns, for any model: the value of a coalition is the mean output over background rows
/// with the coalition's columns taken from the explained row. Contributions always add up to f(x) - base.
/// </summary>
internal static class KernelShap
{
    /// <summary>Coalitions where the request does not say: 2 · columns + 2,048, as in the authors' library.</summary>
    private const int DefaultSamples = 2048;

    public static async Task<Explanation> ExplainAsync(ExplainContext context)
    {
        var (output, scale) = context.Scaled();
        var evaluator = context.Evaluator(output);
        var source = context.ReadBackground();
        var background = source.Rows(context.BackgroundSize, context.Parameters.Seed);
        var (values, width) = await evaluator.AllAsync(context.Rows);
        var (expected, _) = await evaluator.AllAsync(background);
        var rows = new List<RowExplanation>();
        var samples = 0;
        var exact = true;
        for (var row = 0; row < context.Rows.Rows; row++)
        {
            var element = output.ElementOf(values.AsSpan(row * width, width));
            var fixedValues = (Base: Enumerable.Range(0, background.Rows).Average(b => expected[(b * width) + element]), Value: values[(row * width) + element]);
            var one = await new KernelShapRow(context, evaluator, background, row, element).ExplainAsync(fixedValues.Base, fixedValues.Value);
            rows.Add(context.Explain(row, output.ClassOf(element, width), fixedValues.Base, fixedValues.Value, one.Contributions));
            samples = Math.Max(samples, one.Samples);
            exact &= one.IsExact;
        }

        return new Explanation
        {
            Method = ExplainMethods.KernelShap, IsExact = exact, Output = output.Info.Name, Scale = scale, Samples = samples, Seed = context.Parameters.Seed,
            Background = source.Source, BackgroundRows = background.Rows, Rows = rows,
        };
    }

    public static int Samples(ExplainContext context, int players) => context.Parameters.Samples ?? ((2 * players) + DefaultSamples);
}

/// <summary>KernelSHAP of one row.</summary>
internal sealed class KernelShapRow(ExplainContext context, ModelEvaluator evaluator, RawTable background, int row, int element)
{
    public async Task<(double[] Contributions, int Samples, bool IsExact)> ExplainAsync(double baseValue, double value)
    {
        var contributions = new double[context.Columns.Count];

        // A column that the whole background has in common with the row can't matter.
        var players = Enumerable.Range(0, contributions.Length)
            .Where(c => Enumerable.Range(0, background.Rows).Any(b => !context.Columns[c].Same(context.Rows, row, background, b))).ToArray();
        if (players.Length < 2)
        {
            if (players.Length == 1)
            {
                contributions[players[0]] = value - baseValue;
            }

            return (contributions, 0, true);
        }

        var plan = CoalitionPlan.Make(players.Length, KernelShap.Samples(context, players.Length), new SeededRandom(context.Parameters.Seed ^ (row * 0x5851F42D4C957F2DL)));
        var means = await MeansAsync(plan, players);
        var solution = Solve(plan, means, players.Length, baseValue, value);
        for (var p = 0; p < players.Length; p++)
        {
            contributions[players[p]] = solution[p];
        }

        return (contributions, plan.Coalitions.Count, plan.IsComplete);
    }

    private async Task<double[]> MeansAsync(CoalitionPlan plan, int[] players)
    {
        var count = background.Rows;
        if ((long)plan.Coalitions.Count * count > context.Options.MaxEvaluations)
        {
            throw InferenceException.Invalid($"{plan.Coalitions.Count} coalitions of {count} background rows are more than the {context.Options.MaxEvaluations} rows that one request may run the model on");
        }

        var values = await evaluator.EvaluateAsync(context.Rows, plan.Coalitions.Count * count, element, (batch, start, rows) =>
        {
            for (var i = 0; i < rows; i++)
            {
                var (coalition, other) = (plan.Coalitions[(start + i) / count], (start + i) % count);
                background.CopyRow(other, batch, i);
                for (var p = 0; p < players.Length; p++)
                {
                    if (coalition[p])
                    {
                        context.Columns[players[p]].Copy(context.Rows, row, batch, i);
                    }
                }
            }
        });
        return [.. Enumerable.Range(0, plan.Coalitions.Count).Select(c => values.AsSpan(c * count, count).ToArray().Average())];
    }

    /// <summary>Least squares under Σφ = f(x) - base: the last player is what the others leave.</summary>
    private static double[] Solve(CoalitionPlan plan, double[] means, int players, double baseValue, double value)
    {
        var squares = new LeastSquares(players - 1);
        var line = new double[players - 1];
        for (var c = 0; c < means.Length; c++)
        {
            var coalition = plan.Coalitions[c];
            var last = coalition[^1] ? 1 : 0;
            for (var p = 0; p < line.Length; p++)
            {
                line[p] = (coalition[p] ? 1 : 0) - last;
            }

            squares.Add(line, means[c] - baseValue - (last * (value - baseValue)), plan.Weights[c]);
        }

        var solution = squares.Solve(ridge: 0);
        return [.. solution, value - baseValue - solution.Sum()];
    }
}
