using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Exact;

/// <summary>The node of a graph that exact explanations are about, and its way from the inputs and to the outputs.</summary>
internal sealed record ExactNode
{
    public required string FeatureValue { get; init; }

    public required string ScoreValue { get; init; }

    public TreeEnsemble? Trees { get; init; }

    public LinearModel? Linear { get; init; }

    public bool HasCovers { get; init; }

    /// <summary>For each feature the raw element that it depends on; null for a constant.</summary>
    public required IReadOnlyList<RawElement?> Features { get; init; }

    /// <summary>By output, for each element how it follows from the node's scores.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<LinkedScore>> Links { get; init; }

    private bool IsSingleScore { get; init; }

    /// <exception cref="OnnxGraphException">There is none, or what is in the way.</exception>
    public static ExactNode Find(OnnxModel model)
    {
        var trees = model.ReadTreeEnsembles();
        if (trees.Count > 0)
        {
            return trees.Count == 1 ? Of(model, trees[0]) : throw new OnnxGraphException($"the graph has {trees.Count} tree ensembles, exact explanations are of one");
        }

        // A product may also be a layer of a network or part of the preprocessing: the linear model is the last whose features are raw columns'.
        var problem = "the graph has neither a tree ensemble nor a linear model";
        foreach (var node in model.ReadLinearModels().Reverse())
        {
            try
            {
                return Of(model, node);
            }
            catch (OnnxGraphException error)
            {
                problem = error.Message;
            }
        }

        throw new OnnxGraphException(problem);
    }

    /// <summary>Column of the model's own scores for a column of the node's: a single score stands in the second of two.</summary>
    public int OwnScore(int score) => IsSingleScore ? 0 : score;

    private static ExactNode Of(OnnxModel model, ModelNode<TreeEnsemble> node)
    {
        var trees = node.Model.BaseValues.Count < node.Model.Outputs && node.Model.BaseValues.Count > 0
            ? node.Model with { BaseValues = [.. Enumerable.Repeat(node.Model.BaseValues[^1], node.Model.Outputs)] }
            : node.Model;
        var features = model.TraceFeatures(node.Input);
        if (trees.Trees.SelectMany(tree => tree.Nodes).Any(n => n.Leaf is null && (n.Feature >= features.Count || features[n.Feature] is null)))
        {
            throw new OnnxGraphException("the trees test a feature that is no column's");
        }

        var positive = node.IsSingleScore && trees.Trees.All(tree => tree.Nodes.All(n => n.Leaf?.All(w => w.Value >= 0) ?? true));
        return Checked(new ExactNode
        {
            FeatureValue = node.Input,
            ScoreValue = node.Output,
            Trees = trees,
            HasCovers = trees.HasCovers(),
            Features = features,
            Links = model.TraceScores(node.Output, Start(trees.Outputs, trees.PostTransform, node.IsSingleScore, positive)),
            IsSingleScore = node.IsSingleScore,
        });
    }

    private static ExactNode Of(OnnxModel model, ModelNode<LinearModel> node) => Checked(new ExactNode
    {
        FeatureValue = node.Input,
        ScoreValue = node.Output,
        Linear = node.Model,
        Features = model.TraceFeatures(node.Input),
        Links = model.TraceScores(node.Output, Start(node.Model.Outputs, node.Model.PostTransform, node.IsSingleScore, positive: false)),
        IsSingleScore = node.IsSingleScore,
    });

    private static ExactNode Checked(ExactNode node) =>
        node.Links.Count > 0 ? node : throw new OnnxGraphException("no output is a link of the model's scores");

    /// <summary>
    /// What the node makes of its scores. With one score for two classes ONNX Runtime gives (−s, s), or (1 − s, s) where all leaves are
    /// positive and nothing is applied to them.
    /// </summary>
    private static IReadOnlyList<LinkedScore> Start(int outputs, PostTransform transform, bool single, bool positive)
    {
        var link = transform switch
        {
            PostTransform.None => LinkKind.Identity,
            PostTransform.Logistic => LinkKind.Logistic,
            PostTransform.Softmax => LinkKind.Softmax,
            _ => throw new OnnxGraphException($"the post-transformation {transform} is not explained exactly"),
        };
        return single
            ? [positive && link == LinkKind.Identity ? new LinkedScore(1, -1, 1, link) : new LinkedScore(1, -1, 0, link), new LinkedScore(1, 1, 0, link)]
            : [.. Enumerable.Range(0, outputs).Select(score => new LinkedScore(score, 1, 0, link))];
    }
}
