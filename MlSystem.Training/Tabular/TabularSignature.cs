using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

/// <summary>The signature of a tabular model.</summary>
internal static class TabularSignature
{
    public static ModelSignature Of(TabularSchema schema, TrainedTabular trained)
    {
        var categories = trained.Preprocessor.Categorical.ToDictionary(c => c.Column.Name, c => c.Categories, StringComparer.Ordinal);
        return new ModelSignature
        {
            Task = schema.Task,
            Inputs =
            [
                .. schema.Columns.Select(c => new TensorSpec
                {
                    Name = c.Name,
                    Datatype = c.Datatype,
                    Shape = [-1, 1],
                    Meaning = c.Meaning,
                    Nullable = c.Nullable,
                    Categories = categories.TryGetValue(c.Name, out var known) ? [.. known.Where(v => v.Length > 0)] : null,
                }),
            ],
            Outputs = schema.IsClassification
                ?
                [
                    new TensorSpec { Name = StandardOutputs.Label, Datatype = schema.IntegerLabels ? "INT64" : "BYTES", Shape = [-1], Categories = trained.Classes },
                    new TensorSpec { Name = StandardOutputs.Probabilities, Datatype = "FP32", Shape = [-1, trained.Classes.Count] },
                ]
                : [new TensorSpec { Name = StandardOutputs.Prediction, Datatype = "FP32", Shape = [-1] }],
        };
    }
}
