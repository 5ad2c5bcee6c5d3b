using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using Parquet;
using Parquet.Schema;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Columns that every Parquet file of the offline store has besides join keys and features. Definitions can't use such names.</summary>
public static class OfflineColumns
{
    /// <summary>Microseconds since 1970-01-01T00:00:00Z, like the other two times: Parquet.Net writes wrong minima and maxima for timestamp columns, by which readers skip rows.</summary>
    public const string EventUs = "__event_us";
    public const string CreatedUs = "__created_us";
    public const string LoggedUs = "__logged_us";
    public const string Online = "__online";
    public const string Offline = "__offline";
}

/// <summary>Writes rows of one view as Parquet: BYTES as UTF-8 strings, times as INT64 microseconds since 1970-01-01T00:00:00Z.</summary>
public static class ParquetRows
{
    public static async Task WriteAsync(FeatureView view, IReadOnlyList<OfflineRow> rows, Stream file, CancellationToken cancellationToken)
    {
        var keys = view.JoinKeys.Select(field => DataFieldOf(field, nullable: false)).ToArray();
        var features = view.Features.Select(field => field.Datatype.IsList() ? ParquetLists.FieldOf(field) : (Parquet.Schema.Field)DataFieldOf(field, nullable: true)).ToArray();
        var (eventTime, created, logged) = (new DataField<long>(OfflineColumns.EventUs), new DataField<long>(OfflineColumns.CreatedUs), new DataField<long>(OfflineColumns.LoggedUs));
        var (online, offline) = (new DataField<bool>(OfflineColumns.Online), new DataField<bool>(OfflineColumns.Offline));
        var schema = new ParquetSchema([.. keys, .. features, eventTime, created, logged, online, offline]);
        await using var writer = await ParquetWriter.CreateAsync(
            schema, file, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy }, cancellationToken: cancellationToken);
        using var group = writer.CreateRowGroup();
        for (var i = 0; i < keys.Length; i++)
        {
            var key = i;
            await WriteAsync(group, keys[i], view.JoinKeys[i].Datatype, nullable: false, Select(rows, row => row.Row.Keys[key]), cancellationToken);
        }

        for (var i = 0; i < features.Length; i++)
        {
            var feature = i;
            var values = Select(rows, row => row.Row.Values[feature]);
            await (features[i] is ListField list
                ? ParquetLists.WriteAsync(group, list, view.Features[i].Datatype, values, cancellationToken)
                : WriteAsync(group, (DataField)features[i], view.Features[i].Datatype, nullable: true, values, cancellationToken));
        }

        await group.WriteAsync<long>(eventTime, Select(rows, row => row.Row.EventUs), cancellationToken: cancellationToken);
        await group.WriteAsync<long>(created, Select(rows, row => row.Row.CreatedUs), cancellationToken: cancellationToken);
        await group.WriteAsync<long>(logged, Select(rows, row => row.LoggedUs), cancellationToken: cancellationToken);
        await group.WriteAsync<bool>(online, Select(rows, row => row.Row.Online), cancellationToken: cancellationToken);
        await group.WriteAsync<bool>(offline, Select(rows, row => row.Row.Offline), cancellationToken: cancellationToken);
        group.CompleteValidate();
    }

    private static DataField DataFieldOf(Definitions.Field field, bool nullable) => new(field.Name, ClrType(field.Datatype), nullable);

    internal static Type ClrType(Datatype datatype) => datatype switch
    {
        Datatype.Bool => typeof(bool),
        Datatype.Int32 => typeof(int),
        Datatype.Int64 or Datatype.Timestamp => typeof(long),
        Datatype.Fp32 => typeof(float),
        Datatype.Fp64 => typeof(double),
        _ => typeof(string),
    };

    private static T[] Select<T>(IReadOnlyList<OfflineRow> rows, Func<OfflineRow, T> select)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = select(rows[i]);
        }

        return values;
    }

    private static Task WriteAsync(
        ParquetRowGroupWriter group, DataField field, Datatype datatype, bool nullable, FeatureValue[] values, CancellationToken cancellationToken) => datatype switch
        {
            Datatype.Bool => WriteAsync(group, field, nullable, values, value => value.AsBool, cancellationToken),
            Datatype.Int32 => WriteAsync(group, field, nullable, values, value => value.AsInt32, cancellationToken),
            Datatype.Int64 or Datatype.Timestamp => WriteAsync(group, field, nullable, values, value => value.AsInt64, cancellationToken),
            Datatype.Fp32 => WriteAsync(group, field, nullable, values, value => value.AsFp32, cancellationToken),
            Datatype.Fp64 => WriteAsync(group, field, nullable, values, value => value.AsFp64, cancellationToken),
            _ => group.WriteAsync(field, Array.ConvertAll(values, value => value.Text!)),
        };

    private static Task WriteAsync<T>(
        ParquetRowGroupWriter group, DataField field, bool nullable, FeatureValue[] values, Func<FeatureValue, T> read, CancellationToken cancellationToken)
        where T : struct =>
        nullable
            ? group.WriteAsync<T>(field, Array.ConvertAll(values, value => value.HasValue ? read(value) : (T?)null), cancellationToken: cancellationToken)
            : group.WriteAsync<T>(field, Array.ConvertAll(values, value => read(value)), cancellationToken: cancellationToken);
}
