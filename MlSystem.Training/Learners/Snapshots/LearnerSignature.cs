using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Learners.Snapshots;

/// <summary>Signature and baseline of a snapshot.</summary>
internal static class LearnerSignature
{
    public static bool HasIntegerClasses(LearnerDefinition definition) =>
        definition.Label.Classes.All(c => long.TryParse(c, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value.ToString(CultureInfo.InvariantCulture) == c);

    public static ModelSignature Of(LearnerDefinition definition) => new()
    {
        Task = definition.Task,
        Inputs =
        [
            .. definition.Features.Columns().Select(c => new TensorSpec { Name = c.Name, Datatype = c.Datatype, Shape = [-1, 1], Nullable = !c.Datatype.StartsWith("INT", StringComparison.Ordinal) }),
        ],
        Outputs = definition.Task == ModelTask.BinaryClassification
            ?
            [
                new TensorSpec { Name = StandardOutputs.Label, Datatype = HasIntegerClasses(definition) ? "INT64" : "BYTES", Shape = [-1], Categories = definition.Label.Classes },
                new TensorSpec { Name = StandardOutputs.Probabilities, Datatype = "FP32", Shape = [-1, 2] },
            ]
            : [new TensorSpec { Name = StandardOutputs.Prediction, Datatype = "FP32", Shape = [-1] }],
    };

    /// <summary>Distributions of the newest rows and of what was predicted for them.</summary>
    public static Baseline BaselineOf(LearnerDefinition definition, RecentRows recent) => new()
    {
        Rows = recent.Count,
        Inputs =
        [
            .. definition.Features.Numeric.Select((n, i) => BaselineBuilder.Numeric(n.Name, recent.Numbers(i))),
            .. definition.Features.Categorical.Select((c, i) => BaselineBuilder.Categorical(c, recent.Texts(i))),
        ],
        Outputs = definition.Task == ModelTask.BinaryClassification
            ?
            [
                BaselineBuilder.Categorical(StandardOutputs.Label, [.. recent.Predictions.Select(p => definition.Label.Classes[p >= 0.5f ? 1 : 0])]),
                BaselineBuilder.Numeric(BaselineBuilder.ProbabilityColumn(0), [.. recent.Predictions.Select(p => 1 - p)]),
                BaselineBuilder.Numeric(BaselineBuilder.ProbabilityColumn(1), recent.Predictions),
            ]
            : [BaselineBuilder.Numeric(StandardOutputs.Prediction, recent.Predictions)],
    };
}
