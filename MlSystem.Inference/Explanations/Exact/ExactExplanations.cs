using MlSystem.Inference.Explanations.Backgrounds;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Explanations.Trees;
using MlSystem.Inference.Prediction;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Exact;

/// <summary>Exact explanations of tree ensembles and linear models, by raw column.</summary>
internal sealed class ExactExplanations(ExactModel model, ExplainContext context, CancellationToken cancellationToken)
{
    private readonly IReadOnlyList<int> _targets = Targets(model, context.Columns, context.Rows);

    // The last is for constant features, which nothing is added to.
    private int TargetCount => context.Columns.Count + 1;

    /// <summary>Runs one of the exact methods.</summary>
    /// <exception cref="InferenceException">The method does not fit the model.</exception>
    /// <exception cref="OnnxGraphException">The output does not follow from the scores in a way that is explained.</exception>
    public Explanation Explain(string method)
    {
        var elements = Math.Max(1, context.Output.Info.Shape is [_, > 0 and var width] ? (int)width : 1);
        var rows = model.Run(context.Rows);
        var byElement = new Dictionary<int, (double Base, double[] Contributions)>();
        var links = Enumerable.Range(0, elements).Select(element => model.LinkOf(context.Output.Info.Name, element)).ToArray();
        Check(links);
        var (background, expected) = Prepare(method);
        var explained = new RowExplanation[context.Rows.Rows];
        var raw = new double[elements];
        for (var row = 0; row < explained.Length; row++)
        {
            for (var e = 0; e < elements; e++)
            {
                raw[e] = links[e].Raw(rows.Score(row, links[e].Score));
            }

            // Links are monotone, so the predicted class is that of the greatest raw value.
            var element = context.Output.ElementOf(raw);
            if (!byElement.TryGetValue(element, out var all))
            {
                byElement[element] = all = expected(rows, links[element]);
            }

            explained[row] = context.Explain(row, context.Output.ClassOf(element, elements), all.Base, raw[element], all.Contributions.AsSpan(row * context.Columns.Count, context.Columns.Count));
        }

        return new Explanation
        {
            Method = method,
            IsExact = true,
            Output = context.Output.Info.Name,
            Scale = links.All(link => link.Link == LinkKind.Identity) ? ExplainScales.Output : ExplainScales.Raw,
            Seed = context.Parameters.Seed,
            Background = background?.Source ?? "covers",
            BackgroundRows = background is null ? null : background.Given?.Rows ?? (method == ExplainMethods.Linear ? null : context.BackgroundSize),
            Rows = explained,
        };
    }

    private void Check(LinkedScore[] links)
    {
        if (context.Parameters.Scale == ExplainScales.Output && links.Any(link => link.Link != LinkKind.Identity))
        {
            throw new OnnxGraphException($"output '{context.Output.Info.Name}' is not additive; exact methods explain it before its link, with scale 'raw'");
        }

        if (context.Parameters.Scale == ExplainScales.Raw && context.Output.Element is null && links.Length > 1 && links.Any(link => link.Link == LinkKind.Exponential))
        {
            throw new OnnxGraphException($"the elements of '{context.Output.Info.Name}' have no common raw score");
        }
    }

    /// <summary>How contributions are computed: for a link of a score, of all rows.</summary>
    private (Background? Background, Func<FeatureRows, LinkedScore, (double Base, double[] Contributions)> Explain) Prepare(string method)
    {
        if (method == ExplainMethods.TreeShap && model.HasCovers && context.Parameters.Background is null)
        {
            return (null, (rows, link) => Linked(model.Explainer(model.OwnScore(link.Score), _targets, TargetCount), rows, link));
        }

        var background = context.ReadBackground();
        if (method == ExplainMethods.Linear)
        {
            var means = LinearExplanation.Means(model, context, background);
            return (background, (rows, link) => LinearExplanation.Explain(model.Linear!, model.OwnScore(link.Score), means, _targets, context.Columns.Count, rows, link));
        }

        var features = model.Run(background.Rows(context.BackgroundSize, context.Parameters.Seed));
        if (method == ExplainMethods.TreeShapInterventional)
        {
            return (background, (rows, link) => Linked(InterventionalTreeShap.Create(model.Trees!, model.OwnScore(link.Score), _targets, TargetCount, features.Features, features.Width), rows, link));
        }

        var covered = model.Trees!.WithCovers<double>(features.Features, features.Width);
        return (background, (rows, link) => Linked(PathDependentTreeShap.Create(covered, model.OwnScore(link.Score), _targets, TargetCount, tableBytes: 0), rows, link));
    }

    private (double Base, double[] Contributions) Linked(TreeExplainer explainer, FeatureRows rows, LinkedScore link)
    {
        var all = explainer.Explain(rows.Features, rows.Width, context.Options.Threads, cancellationToken);
        var columns = context.Columns.Count;
        var contributions = new double[rows.Rows * columns];
        for (var row = 0; row < rows.Rows; row++)
        {
            for (var c = 0; c < columns; c++)
            {
                contributions[(row * columns) + c] = link.Scale * all[(row * TargetCount) + c];
            }
        }

        return (link.Raw(explainer.BaseValue), contributions);
    }

    private static int[] Targets(ExactModel model, IReadOnlyList<RawColumn> columns, RawTable rows)
    {
        var places = columns.Index().ToDictionary(c => new RawElement(rows.Inputs[c.Item.Input].Info.Name, c.Item.Element), c => c.Index);
        return [.. model.Features.Select(feature => feature is { } element && places.TryGetValue(element, out var place) ? place : columns.Count)];
    }
}
