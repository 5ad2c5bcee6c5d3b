using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>Entity rows as an Arrow IPC stream.</summary>
internal static class ArrowEntities
{
    private const string Table = "__arrow";

    /// <exception cref="HistoricalRefusedException">422: it is no Arrow stream, or with every mistake of its rows.</exception>
    public static async Task<EntityTable> LoadAsync(DuckDBConnection connection, HistoricalRequest request, Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = new ArrowStreamReader(stream, leaveOpen: true);
            var schema = await reader.GetSchema(cancellationToken);
            await CreateAsync(connection, schema, cancellationToken);
            using (var appender = connection.CreateAppender(Table))
            {
                while (await reader.ReadNextRecordBatchAsync(cancellationToken) is { } batch)
                {
                    using (batch)
                    {
                        Append(appender, batch);
                    }
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or InvalidOperationException or ArgumentException or NotSupportedException
            or NotImplementedException or IndexOutOfRangeException or OverflowException)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "body", $"The body is not an Arrow IPC stream that can be read: {error.Message}");
        }

        try
        {
            var loaded = await EntityTable.LoadAsync(connection, request, Table, cancellationToken);
            await DuckDb.ExecuteAsync(connection, $"DROP TABLE {Table}", cancellationToken);
            return loaded;
        }
        catch (DuckDBException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HistoricalRefusedException(StatusCodes.Status422UnprocessableEntity, "entity_df", error.Message.Split('\n')[0]);
        }
    }

    private static async Task CreateAsync(DuckDBConnection connection, Schema schema, CancellationToken cancellationToken)
    {
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var field in schema.FieldsList.Where(field => TypeOf(field.DataType) is null))
        {
            mistakes[$"entity_df.{field.Name}"] = [$"The column is {field.DataType.Name}; allowed: bool, integers, float, double, text (plain or dictionary), timestamp, date."];
        }

        foreach (var twice in schema.FieldsList.GroupBy(field => field.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            mistakes[$"entity_df.{twice.Key}"] = ["The column is there twice (upper and lower case count as the same)."];
        }

        if (mistakes.Count > 0 || schema.FieldsList.Count == 0)
        {
            throw new HistoricalRefusedException(
                StatusCodes.Status422UnprocessableEntity,
                mistakes.Count > 0 ? mistakes : new Dictionary<string, string[]>(StringComparer.Ordinal) { ["body"] = ["The Arrow stream has no columns."] });
        }

        var columns = schema.FieldsList.Select(field => $"{DuckDb.Name(field.Name)} {TypeOf(field.DataType)}");
        await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {Table} ({string.Join(", ", columns)})", cancellationToken);
    }

    private static string? TypeOf(IArrowType type) => type switch
    {
        BooleanType => "BOOLEAN",
        Int8Type or Int16Type or Int32Type or UInt8Type or UInt16Type => "INTEGER",
        Int64Type or UInt32Type => "BIGINT",
        UInt64Type => "UBIGINT",
        FloatType => "FLOAT",
        DoubleType => "DOUBLE",
        StringType or LargeStringType or StringViewType => "VARCHAR",
        TimestampType or Date32Type or Date64Type => "TIMESTAMPTZ",
        DictionaryType dictionary when TypeOf(dictionary.ValueType) == "VARCHAR" && dictionary.IndexType is Int8Type or Int16Type or Int32Type => "VARCHAR",
        _ => null,
    };

    private static void Append(DuckDB.NET.Data.DuckDBAppender appender, RecordBatch batch)
    {
        var columns = batch.Arrays.Select(Writer).ToArray();
        for (var i = 0; i < batch.Length; i++)
        {
            var row = appender.CreateRow();
            foreach (var write in columns)
            {
                write(row, i);
            }

            row.EndRow();
        }
    }

    private static Action<IDuckDBAppenderRow, int> Writer(IArrowArray array) => array switch
    {
        BooleanArray values => (row, i) => row.AppendValue(values.GetValue(i)),
        Int8Array values => (row, i) => row.AppendValue((int?)values.GetValue(i)),
        Int16Array values => (row, i) => row.AppendValue((int?)values.GetValue(i)),
        Int32Array values => (row, i) => row.AppendValue(values.GetValue(i)),
        UInt8Array values => (row, i) => row.AppendValue((int?)values.GetValue(i)),
        UInt16Array values => (row, i) => row.AppendValue((int?)values.GetValue(i)),
        Int64Array values => (row, i) => row.AppendValue(values.GetValue(i)),
        UInt32Array values => (row, i) => row.AppendValue((long?)values.GetValue(i)),
        UInt64Array values => (row, i) => row.AppendValue(values.GetValue(i)),
        FloatArray values => (row, i) => row.AppendValue(values.GetValue(i)),
        DoubleArray values => (row, i) => row.AppendValue(values.GetValue(i)),
        StringArray values => (row, i) => Text(row, values.GetString(i)),
        LargeStringArray values => (row, i) => Text(row, values.GetString(i)),
        StringViewArray values => (row, i) => Text(row, values.GetString(i)),
        TimestampArray values => (row, i) => row.AppendValue(Time(values, i)),
        Date32Array values => (row, i) => row.AppendValue(values.GetDateTime(i)),
        Date64Array values => (row, i) => row.AppendValue(values.GetDateTime(i)),
        DictionaryArray values => Dictionary(values),
        _ => throw new NotSupportedException($"a column of {array.Data.DataType.Name}"),
    };

    private static Action<IDuckDBAppenderRow, int> Dictionary(DictionaryArray array)
    {
        var values = Writer(array.Dictionary);
        return array.Indices switch
        {
            Int8Array indices => (row, i) => Indexed(row, indices.GetValue(i)),
            Int16Array indices => (row, i) => Indexed(row, indices.GetValue(i)),
            Int32Array indices => (row, i) => Indexed(row, indices.GetValue(i)),
            _ => throw new NotSupportedException("a dictionary with such indices"),
        };

        void Indexed(IDuckDBAppenderRow row, int? index)
        {
            if (index is { } known)
            {
                values(row, known);
            }
            else
            {
                row.AppendNullValue();
            }
        }
    }

    private static void Text(IDuckDBAppenderRow row, string? text) => _ = text is null ? row.AppendNullValue() : row.AppendValue(text);

    /// <summary>Whatever its unit; a time without zone is UTC. What is finer than microseconds is cut off toward the past.</summary>
    private static DateTime? Time(TimestampArray array, int row)
    {
        if (array.IsNull(row))
        {
            return null;
        }

        var value = array.Values[row];
        var ticks = ((TimestampType)array.Data.DataType).Unit switch
        {
            TimeUnit.Second => checked(value * TimeSpan.TicksPerSecond),
            TimeUnit.Millisecond => checked(value * TimeSpan.TicksPerMillisecond),
            TimeUnit.Microsecond => checked(value * TimeSpan.TicksPerMicrosecond),
            _ => (long)Math.Floor(value / (decimal)1000) * TimeSpan.TicksPerMicrosecond,
        };
        return ticks + DateTime.UnixEpoch.Ticks is var moment && moment >= 0 && moment <= DateTime.MaxValue.Ticks
            ? new DateTime(moment, DateTimeKind.Utc)
            : throw new OverflowException(string.Create(CultureInfo.InvariantCulture, $"row {row} has a time outside of the years 1 to 9999"));
    }
}
