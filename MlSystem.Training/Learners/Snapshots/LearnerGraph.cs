using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;
using MlSystem.Training.Learners.Models;

namespace MlSystem.Training.Learners.Snapshots;

/// <summary>
/// A learner as one ONNX graph from raw columns to predictions. ONNX cannot hash texts, so each category that the learner
/// counts is written with the weight that its hash has; others add nothing.
/// </summary>
internal static class LearnerGraph
{
    public static OnnxModel Write(LearnerDefinition definition, OnlineModel model, IReadOnlyDictionary<string, string> metadata)
    {
        var graph = new GraphBuilder("learner");
        if (model is FactorModel factors)
        {
            graph.Output(StandardOutputs.Prediction, graph.Squeeze(graph.Cast(Factors(graph, definition, factors), ElementType.Float), 1));
        }
        else
        {
            Finish(graph, definition, (LinearOnlineModel)model, Margin(graph, definition, (LinearOnlineModel)model));
        }

        return graph.Build(new OnnxModelInfo { Domain = "mlsystem.learner" }, metadata);
    }

    /// <summary>Double [N, 1].</summary>
    private static OnnxValue Margin(GraphBuilder graph, LearnerDefinition definition, LinearOnlineModel model)
    {
        var weights = model.Weights.ToArray();
        var margin = Numbers(graph, definition.Features, model.Encoder, weights);
        for (var i = 0; i < definition.Features.Categorical.Count; i++)
        {
            var input = graph.Input(definition.Features.Categorical[i], new TensorType(ElementType.String, Dimension.Batch, 1));
            var term = Category(graph, input, model.Encoder, model.Encoder.Tables[i], weights);
            margin = margin is null ? term : graph.Add(margin, term);
        }

        return graph.Add(margin!, graph.Constant<double>([weights[0]], 1, 1));
    }

    private static OnnxValue? Numbers(GraphBuilder graph, LearnerFeatures features, FeatureEncoder encoder, double[] weights)
    {
        var count = features.Numeric.Count;
        if (count == 0)
        {
            return null;
        }

        var inputs = features.Numeric.Select(n => graph.Cast(graph.Input(n.Name, new TensorType(ElementTypes.FromInferenceDatatype(n.Datatype), Dimension.Batch, 1)), ElementType.Double)).ToList();
        var raw = count == 1 ? inputs[0] : graph.Concat(inputs, axis: 1);
        var missing = graph.IsNaN(raw);
        var values = raw;
        if (encoder.Standardises)
        {
            var centred = graph.Sub(raw, graph.Constant<double>([.. encoder.Scales.Select(s => s.Mean)], 1, count));
            var scaled = graph.Mul(centred, graph.Constant<double>([.. encoder.Scales.Select(s => s.Inverse)], 1, count));
            values = graph.Clip(scaled, graph.Scalar(-RunningScale.Limit), graph.Scalar(RunningScale.Limit));
        }

        // Zero for a missing value comes last: NaN would pass through any arithmetic.
        var filled = graph.Where(missing, graph.Constant<double>(new double[count], 1, count), values);
        var known = graph.MatMul(filled, graph.Constant<double>([.. Enumerable.Range(0, count).Select(i => weights[FeatureEncoder.NumberSlot(i)])], count, 1));
        var absent = graph.MatMul(graph.Cast(missing, ElementType.Double), graph.Constant<double>([.. Enumerable.Range(0, count).Select(i => weights[encoder.MissingSlot(i)])], count, 1));
        return graph.Add(known, absent);
    }

    private static OnnxValue Category(GraphBuilder graph, OnnxValue input, FeatureEncoder encoder, CategoryTable table, double[] weights)
    {
        // The empty text stands for a missing value, which has a weight like any other category.
        var known = table.Categories.Append("").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        double[] terms = [.. known.Select(Term), 0];
        var index = graph.LabelEncoder(input, known, [.. Enumerable.Range(0, known.Count).Select(i => (long)i)], known.Count);
        return graph.Gather(graph.Constant<double>(terms), index);

        double Term(string category)
        {
            var (slot, sign) = table.Find(category);
            return sign * weights[encoder.CategorySlot(slot)];
        }
    }

    private static void Finish(GraphBuilder graph, LearnerDefinition definition, LinearOnlineModel model, OnnxValue margin)
    {
        if (definition.Task == ModelTask.Regression)
        {
            var (slope, offset) = model.LabelUnits;
            var value = graph.Add(graph.Mul(margin, graph.Scalar(slope)), graph.Scalar(offset));
            graph.Output(StandardOutputs.Prediction, graph.Squeeze(graph.Cast(value, ElementType.Float), 1));
            return;
        }

        var probabilities = graph.Concat([graph.Sigmoid(graph.Mul(margin, graph.Scalar(-1.0))), graph.Sigmoid(margin)], axis: 1);
        var names = LearnerSignature.HasIntegerClasses(definition)
            ? graph.Constant<long>([.. definition.Label.Classes.Select(c => long.Parse(c, CultureInfo.InvariantCulture))])
            : graph.Constant(definition.Label.Classes);
        graph.Output(StandardOutputs.Label, graph.Gather(names, graph.ArgMax(probabilities, axis: 1)));
        graph.Output(StandardOutputs.Probabilities, graph.Cast(probabilities, ElementType.Float));
    }

    private static OnnxValue Factors(GraphBuilder graph, LearnerDefinition definition, FactorModel model)
    {
        var (user, userBias) = Side(graph, definition.Features.Categorical[FactorModel.UserText], model.Users, model.Factors);
        var (item, itemBias) = Side(graph, definition.Features.Categorical[FactorModel.ItemText], model.Items, model.Factors);
        var dot = graph.ReduceSum(graph.Mul(user, item), [1], keepDims: true);
        var score = graph.Add(graph.Add(graph.Add(dot, userBias), itemBias), graph.Scalar(model.Ratings.Mean));
        return graph.Clip(score, graph.Scalar(model.Range.Least), graph.Scalar(model.Range.Most));
    }

    /// <summary>Vectors [N, F] and biases [N, 1]; zeros for ids that are not known.</summary>
    private static (OnnxValue Vectors, OnnxValue Biases) Side(GraphBuilder graph, string name, FactorTable table, int factors)
    {
        var input = graph.Input(name, new TensorType(ElementType.String, Dimension.Batch, 1));
        var all = table.All.ToList();
        if (all.Count == 0)
        {
            // A look-up needs a key; nobody has this one, and its values are zeros like everybody's.
            all.Add(new("", new FactorVector(new double[factors])));
        }

        var index = graph.LabelEncoder(input, [.. all.Select(v => v.Key)], [.. Enumerable.Range(0, all.Count).Select(i => (long)i)], all.Count);
        var vectors = graph.Constant<double>([.. all.SelectMany(v => v.Value.Factors), .. new double[factors]], all.Count + 1, factors);
        var biases = graph.Constant<double>([.. all.Select(v => v.Value.Bias), 0]);
        return (graph.Squeeze(graph.Gather(vectors, index), 1), graph.Gather(biases, index));
    }
}
