namespace MlSystem.Contracts;

/// <summary>What a model version takes and gives: <c>signature.json</c> in its artifact folder.</summary>
public sealed record ModelSignature
{
    /// <summary>One of <see cref="ModelTask"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Inputs in the model's order.</summary>
    public required IReadOnlyList<TensorSpec> Inputs { get; init; }

    /// <summary>Outputs in the model's order; names from <see cref="StandardOutputs"/> where they apply.</summary>
    public required IReadOnlyList<TensorSpec> Outputs { get; init; }
}

/// <summary>Kinds of prediction task.</summary>
public static class ModelTask
{
    public const string BinaryClassification = "binary_classification";
    public const string MulticlassClassification = "multiclass_classification";
    public const string Regression = "regression";
    public const string Ranking = "ranking";

    /// <summary>A model brought by its user whose outputs have no standard meaning.</summary>
    public const string Custom = "custom";
}

/// <summary>One named tensor of a signature.</summary>
public sealed record TensorSpec
{
    public required string Name { get; init; }

    /// <summary>Open Inference Protocol datatype: <c>BOOL UINT8 … FP64 BYTES</c>.</summary>
    public required string Datatype { get; init; }

    /// <summary>Dimensions, <c>-1</c> for a dynamic one. A column input is <c>[-1, 1]</c>.</summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>What the values mean, in words or as a unit; null when nothing is known.</summary>
    public string? Meaning { get; init; }

    /// <summary>Allowed categories of a BYTES column, or the class labels of output <c>label</c> in the order of <c>probabilities</c>.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Whether a missing value (JSON null: NaN, or the empty string for BYTES) is accepted.</summary>
    public bool Nullable { get; init; }
}

/// <summary>Output names that every trainer of the system writes.</summary>
public static class StandardOutputs
{
    /// <summary>Classification: the predicted class, [N].</summary>
    public const string Label = "label";

    /// <summary>Classification: FP32 [N, C], in the order of the label's categories.</summary>
    public const string Probabilities = "probabilities";

    /// <summary>Regression: FP32 [N].</summary>
    public const string Prediction = "prediction";

    /// <summary>Ranking: item ids, [N, K].</summary>
    public const string ItemIds = "item_ids";

    /// <summary>Ranking: FP32 [N, K], descending.</summary>
    public const string Scores = "scores";
}
