using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using Parquet;
using Parquet.Schema;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Writes columns of lists by the standard three-level form: a missing list, an empty one and one with elements are told apart.</summary>
internal static class ParquetLists
{
    public static ListField FieldOf(Definitions.Field field) => new(field.Name, new DataField("element", ParquetRows.ClrType(field.Datatype.Element()), isNullable: false));

    public static Task WriteAsync(ParquetRowGroupWriter group, ListField field, Datatype datatype, FeatureValue[] values, CancellationToken cancellationToken) => datatype switch
    {
        Datatype.Int32List => WriteAsync<int>(group, field, values, cancellationToken),
        Datatype.Int64List => WriteAsync<long>(group, field, values, cancellationToken),
        Datatype.Fp32List => WriteAsync<float>(group, field, values, cancellationToken),
        Datatype.Fp64List => WriteAsync<double>(group, field, values, cancellationToken),
        _ => WriteAsync<ReadOnlyMemory<char>>(group, field, values, cancellationToken),
    };

    private static Task WriteAsync<T>(ParquetRowGroupWriter group, ListField field, FeatureValue[] values, CancellationToken cancellationToken)
        where T : struct
    {
        var element = (DataField)field.Item;
        var elements = new List<T>();
        var (definitions, repetitions) = (new List<int>(values.Length), new List<int>(values.Length));
        foreach (var value in values)
        {
            // Levels: 0 no list, one below the greatest an empty list, the greatest an element.
            var list = value.List;
            if (list is null || list.Length == 0)
            {
                definitions.Add(list is null ? 0 : element.MaxDefinitionLevel - 1);
                repetitions.Add(0);
                continue;
            }

            elements.AddRange(Elements<T>(list));
            definitions.AddRange(Enumerable.Repeat(element.MaxDefinitionLevel, list.Length));
            repetitions.Add(0);
            repetitions.AddRange(Enumerable.Repeat(element.MaxRepetitionLevel, list.Length - 1));
        }

        return group.WriteAllPartsAsync<T>(element, elements.ToArray(), definitions.ToArray(), repetitions.ToArray(), cancellationToken);
    }

    private static IEnumerable<T> Elements<T>(Array list) => list is string[] texts ? texts.Select(text => (T)(object)text.AsMemory()) : (T[])list;
}
