using Microsoft.ML;
using Microsoft.ML.Data;
using MlSystem.Contracts;

namespace MlSystem.MlNet;

/// <summary>Decides which columns of a pipeline are its answer, and by which standard names they go.</summary>
internal static class OutputPlan
{
    private const string PredictedLabel = "PredictedLabel";
    private const string Score = "Score";
    private const string Probability = "Probability";

    /// <param name="isDistribution">Whether a score vector holds probabilities, found out by a probe row.</param>
    public static (string Task, IReadOnlyList<Output> Outputs) Of(DataViewSchema input, DataViewSchema output, Func<DataViewSchema.Column, bool> isDistribution)
    {
        var (label, score, probability) = (output.GetColumnOrNull(PredictedLabel), output.GetColumnOrNull(Score), output.GetColumnOrNull(Probability));
        var kind = score is { } scored ? Categories.Kind(scored) : null;
        if (score is { Type: NumberDataViewType } regression && label is null && kind is null or "Regression")
        {
            return (ModelTask.Regression, [new PlainOutput(Spec(StandardOutputs.Prediction, regression), Score)]);
        }

        if (label is { Type: BooleanDataViewType } binary && score is { } binaryScore)
        {
            return (ModelTask.BinaryClassification, Binary(binary, binaryScore, probability));
        }

        if (score is { Type: VectorDataViewType { Size: > 1 } } scores && label is { } predicted && kind is null or "MulticlassClassification" && Label(predicted, scores) is { } multi)
        {
            return (ModelTask.MulticlassClassification, [multi, new PlainOutput(Spec(isDistribution(scores) ? StandardOutputs.Probabilities : "score", scores), Score)]);
        }

        var standard = new[] { label, score, probability }.OfType<DataViewSchema.Column>().ToList();
        var custom = standard.Count > 0 ? standard : [.. output.Where(column => !column.IsHidden && input.GetColumnOrNull(column.Name) is null)];
        return (ModelTask.Custom, [.. custom.Where(IsServable).Select(column => Custom(column))]);
    }

    private static List<Output> Binary(DataViewSchema.Column label, DataViewSchema.Column score, DataViewSchema.Column? probability)
    {
        List<Output> outputs = [new PlainOutput(Spec(StandardOutputs.Label, label) with { Categories = ["false", "true"] }, PredictedLabel)];
        if (probability is not null)
        {
            outputs.Add(new BinaryProbabilities(new TensorSpec { Name = StandardOutputs.Probabilities, Datatype = "FP32", Shape = [-1, 2] }, Probability));
        }

        outputs.Add(new PlainOutput(Spec("score", score) with { Meaning = "the margin: above 0 for true" }, Score));
        return outputs;
    }

    /// <summary>The label of a multiclass model: its key mapped back to what it stands for, or the value that the pipeline itself maps it to.</summary>
    private static Output? Label(DataViewSchema.Column label, DataViewSchema.Column scores)
    {
        if (label.Type is KeyDataViewType)
        {
            return Categories.OfKeys(label) is { } values ? Key(StandardOutputs.Label, label, values) : null;
        }

        return IsServable(label) ? new PlainOutput(Spec(StandardOutputs.Label, label) with { Categories = Categories.OfSlots(scores) }, label.Name) : null;
    }

    private static Output Custom(DataViewSchema.Column column) => column.Type is KeyDataViewType && Categories.OfKeys(column) is { } values
        ? Key(column.Name, column, values)
        : new PlainOutput(Spec(column.Name, column), column.Name);

    private static KeyOutput Key(string name, DataViewSchema.Column column, IReadOnlyList<string> values) =>
        new(new TensorSpec { Name = name, Datatype = "BYTES", Shape = [-1], Categories = values }, column.Name, values);

    private static TensorSpec Spec(string name, DataViewSchema.Column column) =>
        new() { Name = name, Datatype = ColumnTypes.Datatype(column.Type)!, Shape = ColumnTypes.Shape(column.Type, isInput: false) };

    private static bool IsServable(DataViewSchema.Column column) =>
        ColumnTypes.Datatype(column.Type) is not null && column.Type is not VectorDataViewType { IsKnownSize: false } && (column.Type is not KeyDataViewType || column.Type.RawType == typeof(uint));
}
