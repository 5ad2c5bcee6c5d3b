using Microsoft.ML;
using Microsoft.ML.Data;
using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>Features and targets as ML.NET sees them.</summary>
internal static class MlNetData
{
    public const string Flag = nameof(Row.Flag);
    public const string Class = nameof(Row.Class);
    public const string Target = nameof(Row.Target);
    public const string Features = nameof(Row.Features);
    public const string Weight = nameof(Row.Weight);

    public static IDataView View(MLContext context, TrainingSet set)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[Features].ColumnType = new VectorDataViewType(NumberDataViewType.Single, set.Features.Width);
        schema[Class].ColumnType = new KeyDataViewType(typeof(uint), Math.Max(set.Targets.Classes, 1));
        return context.Data.LoadFromEnumerable(Rows(set), schema);
    }

    private static IEnumerable<Row> Rows(TrainingSet set)
    {
        for (var row = 0; row < set.Rows; row++)
        {
            var features = new float[set.Features.Width];
            set.Features.Fill(row, 1, features);
            var label = set.Targets.Positions?[row] ?? 0;
            yield return new Row
            {
                Features = features,
                Flag = label == 1,
                Class = (uint)label, // from 0: ML.NET adds the 1 of its stored keys by itself
                Target = set.Targets.Values?[row] ?? 0,
                Weight = (float)set.Targets.Weight(row),
            };
        }
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];

        public bool Flag { get; set; }

        public uint Class { get; set; }

        public float Target { get; set; }

        public float Weight { get; set; }
    }
}
