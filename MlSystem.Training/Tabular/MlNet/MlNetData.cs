using Microsoft.ML;
using Microsoft.ML.Data;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>Feature matrices as ML.NET sees them, and its answers as arrays.</summary>
internal static class MlNetData
{
    public const string Flag = nameof(Row.Flag);
    public const string Class = nameof(Row.Class);
    public const string Target = nameof(Row.Target);
    public const string Features = nameof(Row.Features);

    /// <param name="classes">Number of classes; fixes the range of the key column.</param>
    public static IDataView View(MLContext context, FeatureMatrix matrix, int classes)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[Features].ColumnType = new VectorDataViewType(NumberDataViewType.Single, matrix.Width);
        schema[Class].ColumnType = new KeyDataViewType(typeof(uint), Math.Max(classes, 1));
        return context.Data.LoadFromEnumerable(Rows(matrix), schema);
    }

    public static ReferenceScores Binary(MLContext context, ITransformer model, FeatureMatrix matrix)
    {
        var scored = model.Transform(View(context, matrix, 2));
        return new ReferenceScores([.. scored.GetColumn<float>("Score")], [.. scored.GetColumn<float>("Probability")]);
    }

    public static ReferenceScores Multiclass(MLContext context, ITransformer model, FeatureMatrix matrix, int classes) =>
        new([], [.. model.Transform(View(context, matrix, classes)).GetColumn<float[]>("Score").SelectMany(s => s)]);

    public static ReferenceScores Regression(MLContext context, ITransformer model, FeatureMatrix matrix) =>
        new([.. model.Transform(View(context, matrix, 1)).GetColumn<float>("Score")], []);

    private static IEnumerable<Row> Rows(FeatureMatrix matrix)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            var label = matrix.Classes?[row] ?? 0;
            yield return new Row
            {
                Features = matrix.Values.AsSpan(row * matrix.Width, matrix.Width).ToArray(),
                Flag = label == 1,
                Class = (uint)label, // from 0: ML.NET adds the 1 of its stored keys by itself
                Target = matrix.Targets?[row] ?? 0,
            };
        }
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];

        public bool Flag { get; set; }

        public uint Class { get; set; }

        public float Target { get; set; }
    }
}
