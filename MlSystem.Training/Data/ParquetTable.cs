using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace MlSystem.Training.Data;

/// <summary>Parquet files as rows of text in the form of <see cref="Cells"/>.</summary>
internal static class ParquetTable
{
    /// <exception cref="NotSupportedException">A column is nested or of a type that no feature has.</exception>
    public static async Task<RowTable> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using var reader = await ParquetReader.CreateAsync(path, cancellationToken: cancellationToken);
        var fields = reader.Schema.DataFields;
        var columns = fields.Select(_ => new List<string>()).ToArray();
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = reader.OpenRowGroupReader(group);
            for (var i = 0; i < fields.Length; i++)
            {
                await ReadColumnAsync(rows, fields[i], columns[i], cancellationToken);
            }
        }

        return new RowTable([.. fields.Select((field, i) => (field.Name, columns[i].ToArray()))]);
    }

    private static Task ReadColumnAsync(ParquetRowGroupReader rows, DataField field, List<string> cells, CancellationToken cancellationToken)
    {
        if (field.IsArray || field.MaxRepetitionLevel > 0)
        {
            throw new NotSupportedException($"column '{field.Name}' holds lists");
        }

        var type = field.ClrType;
        return type == typeof(string) || type == typeof(ReadOnlyMemory<char>) ? TextsAsync(rows, field, cells, cancellationToken)
            : type == typeof(bool) ? AppendAsync<bool>(rows, field, cells, v => v ? "1" : "0", cancellationToken)
            : type == typeof(int) ? AppendAsync<int>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(long) ? AppendAsync<long>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(short) ? AppendAsync<short>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(sbyte) ? AppendAsync<sbyte>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(byte) ? AppendAsync<byte>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(ushort) ? AppendAsync<ushort>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(uint) ? AppendAsync<uint>(rows, field, cells, v => v.ToString(CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(float) ? AppendAsync<float>(rows, field, cells, v => float.IsNaN(v) ? "" : v.ToString("R", CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(double) ? AppendAsync<double>(rows, field, cells, v => double.IsNaN(v) ? "" : v.ToString("R", CultureInfo.InvariantCulture), cancellationToken)
            : type == typeof(DateTime) ? AppendAsync<DateTime>(rows, field, cells, v => Cells.Time(new DateTimeOffset(DateTime.SpecifyKind(v, DateTimeKind.Utc))), cancellationToken)
            : throw new NotSupportedException($"column '{field.Name}' is of type {type.Name}");
    }

    private static async Task TextsAsync(ParquetRowGroupReader rows, DataField field, List<string> cells, CancellationToken cancellationToken)
    {
        var values = new string?[rows.RowCount];
        await rows.ReadAsync(field, values.AsMemory()!, cancellationToken: cancellationToken);
        cells.AddRange(values.Select(value => value ?? ""));
    }

    private static async Task AppendAsync<T>(ParquetRowGroupReader rows, DataField field, List<string> cells, Func<T, string> text, CancellationToken cancellationToken)
        where T : struct
    {
        if (field.IsNullable)
        {
            var nullable = new T?[rows.RowCount];
            await rows.ReadAsync<T>(field, nullable.AsMemory(), cancellationToken: cancellationToken);
            cells.AddRange(nullable.Select(value => value is { } present ? text(present) : ""));
            return;
        }

        var values = new T[rows.RowCount];
        await rows.ReadAsync<T>(field, values.AsMemory(), cancellationToken: cancellationToken);
        cells.AddRange(values.Select(text));
    }
}
