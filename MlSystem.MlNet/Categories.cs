using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace MlSystem.MlNet;

/// <summary>Reads the names that ML.NET keeps beside a column.</summary>
internal static class Categories
{
    private const string KeyValues = "KeyValues";
    private const string SlotNames = "SlotNames";
    private const string ScoreColumnKind = "ScoreColumnKind";

    /// <summary>What the keys of a column stand for; null when it has none.</summary>
    public static IReadOnlyList<string>? OfKeys(DataViewSchema.Column column) => Read(column.Annotations, KeyValues);

    /// <summary>The names of a vector's slots; null when they are not told.</summary>
    public static IReadOnlyList<string>? OfSlots(DataViewSchema.Column column) =>
        Read(column.Annotations, SlotNames) is { } names && names.All(name => name.Length > 0) ? names : Read(column.Annotations, "TrainingLabelValues");

    /// <summary>The kind of prediction that a score is, as ML.NET calls it; null when it is not told.</summary>
    public static string? Kind(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(ScoreColumnKind) is not { } found)
        {
            return null;
        }

        ReadOnlyMemory<char> kind = default;
        column.Annotations.GetGetter<ReadOnlyMemory<char>>(found)(ref kind);
        return kind.ToString();
    }

    private static string[]? Read(DataViewSchema.Annotations annotations, string name)
    {
        if (annotations.Schema.GetColumnOrNull(name) is not { Type: VectorDataViewType } found)
        {
            return null;
        }

        if (ColumnTypes.Item(found.Type) is TextDataViewType)
        {
            VBuffer<ReadOnlyMemory<char>> texts = default;
            annotations.GetValue(name, ref texts);
            return [.. texts.DenseValues().Select(text => text.ToString())];
        }

        return ColumnTypes.Datatype(found.Type) is null ? null : ColumnTypes.For(found.Type, new Reader(annotations, name));
    }

    private sealed class Reader(DataViewSchema.Annotations annotations, string name) : IItemFunction<string[]>
    {
        public string[] Call<T>()
            where T : unmanaged
        {
            VBuffer<T> values = default;
            annotations.GetValue(name, ref values);
            return [.. values.DenseValues().Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}"))];
        }
    }
}
