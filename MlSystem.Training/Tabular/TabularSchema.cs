using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

public enum TabularColumnKind
{
    Numeric,
    Categorical,
}

/// <summary>One input column of a tabular model.</summary>
/// <param name="Name">Unique among the columns; becomes the model's input name.</param>
public sealed record TabularColumn(string Name, TabularColumnKind Kind)
{
    /// <summary>Open Inference Protocol datatype of the request's tensor: a number or BOOL, or BYTES for a category.</summary>
    public string Datatype { get; init; } = Kind == TabularColumnKind.Categorical ? "BYTES" : "FP32";

    /// <summary>Whether a missing value (NaN, or the empty string) is expected in requests.</summary>
    public bool Nullable { get; init; }

    /// <summary>What the values mean, or their unit; goes into the signature.</summary>
    public string? Meaning { get; init; }
}

/// <summary>What a tabular model takes and predicts.</summary>
public sealed record TabularSchema
{
    private static readonly string[] NumericDatatypes = ["FP32", "FP64", "INT64", "INT32", "INT16", "INT8", "UINT8", "UINT16", "BOOL"];

    /// <summary>Inputs in the order of the model's signature.</summary>
    public required IReadOnlyList<TabularColumn> Columns { get; init; }

    /// <summary>One of <see cref="ModelTask.BinaryClassification"/>, <see cref="ModelTask.MulticlassClassification"/>, <see cref="ModelTask.Regression"/>.</summary>
    public required string Task { get; init; }

    /// <summary>
    /// Class labels in the order of the probabilities; for two classes the second one is the positive class.
    /// Null: the labels that occur in the training rows, in ordinal order (integers by value).
    /// </summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Whether the labels are integers: the output <c>label</c> is then INT64 instead of BYTES.</summary>
    public bool IntegerLabels { get; init; }

    public bool IsClassification => Task != ModelTask.Regression;

    /// <exception cref="ArgumentException">Names all mistakes.</exception>
    public void Validate()
    {
        var mistakes = new List<string>();
        if (Task is not (ModelTask.BinaryClassification or ModelTask.MulticlassClassification or ModelTask.Regression))
        {
            mistakes.Add($"task '{Task}' is none of {ModelTask.BinaryClassification}, {ModelTask.MulticlassClassification}, {ModelTask.Regression}");
        }

        if (Columns.Count == 0)
        {
            mistakes.Add("there are no columns");
        }

        mistakes.AddRange(Columns.GroupBy(c => c.Name, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"column '{g.Key}' occurs {g.Count()} times"));
        foreach (var column in Columns)
        {
            var reserved = column.Name is "" or StandardOutputs.Label or StandardOutputs.Probabilities or StandardOutputs.Prediction;
            if (reserved)
            {
                mistakes.Add($"column name '{column.Name}' is empty or the name of an output");
            }

            if (column.Kind == TabularColumnKind.Categorical ? column.Datatype != "BYTES" : !NumericDatatypes.Contains(column.Datatype))
            {
                mistakes.Add($"column '{column.Name}' is {column.Kind} and can't have datatype '{column.Datatype}'");
            }
        }

        if (Classes is { } classes && (classes.Count < 2 || classes.Distinct(StringComparer.Ordinal).Count() != classes.Count))
        {
            mistakes.Add("classes must be at least two distinct labels");
        }

        if (mistakes.Count > 0)
        {
            throw new ArgumentException($"Tabular schema: {string.Join("; ", mistakes)}.");
        }
    }
}
