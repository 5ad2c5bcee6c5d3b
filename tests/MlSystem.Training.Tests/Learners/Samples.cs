using MlSystem.Contracts;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Tests.Learners;

/// <summary>Learners of every kind, and rows that they can learn something from.</summary>
internal static class Samples
{
    public static LearnerDefinition Definition(string kind, string task) => new()
    {
        Name = "sample",
        Kind = kind,
        Task = task,
        Source = new LearnerSource(),
        Features = kind == LearnerKind.MatrixFactorization
            ? new LearnerFeatures { Categorical = ["user", "item"], Scaling = LearnerScaling.None }
            : new LearnerFeatures { Numeric = [new("x1", "FP64"), new("x2", "FP64")], Categorical = ["colour"], Bits = 10 },
        Label = new LearnerLabel { Classes = task == ModelTask.BinaryClassification ? ["no", "yes"] : [] },
        MetricWindow = 500,
    };

    /// <summary>Rows with missing numbers, a dozen categories and noise; the same in every run.</summary>
    public static IEnumerable<LearnerRow> Rows(LearnerDefinition definition, int count)
    {
        var random = new Random(42);
        for (var i = 0; i < count; i++)
        {
            var row = new LearnerRow(definition.Features.Numeric.Count, definition.Features.Categorical.Count);
            if (definition.Kind == LearnerKind.MatrixFactorization)
            {
                var (user, item) = (random.Next(50), random.Next(40));
                (row.Texts[0], row.Texts[1]) = ($"u{user}", $"i{item}");
                row.Label = 3 + ((user % 2 == item % 2 ? 1 : -1) * 1.5) + (random.NextDouble() * 0.2);
            }
            else
            {
                var (a, b, colour) = (random.NextDouble() * 100, random.NextDouble(), random.Next(12));
                row.Numbers[0] = random.Next(20) == 0 ? double.NaN : a;
                row.Numbers[1] = b;
                row.Texts[0] = colour == 0 ? "" : $"c{colour}";
                var value = 5000 + (100 * (double.IsNaN(row.Numbers[0]) ? 50 : a)) + (2000 * b) + (colour * 50) + (random.NextDouble() * 20);
                row.Label = definition.Task == ModelTask.Regression ? value : value > 11_000 ? 1 : 0;
            }

            yield return row;
        }
    }
}
