using System.Globalization;
using System.Text;
using Google.Protobuf;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Online;

/// <summary>Join key columns of a gRPC request: any integer width, or text that reads as the join key's datatype.</summary>
internal static class GrpcJoinKeys
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="FeastException">Every mistake of the columns.</exception>
    public static OnlineQuery Query(GetOnlineFeaturesRequest request, OnlinePlan plan, int maxEntities)
    {
        var mistakes = new List<string>();
        var keys = new Dictionary<string, FeatureValue[]>(StringComparer.Ordinal);
        foreach (var field in plan.JoinKeys)
        {
            var columns = request.JoinKeys.Where(column => column.Name == field.Name).ToArray();
            if (columns.Length != 1)
            {
                mistakes.Add($"join key '{field.Name}' is {(columns.Length == 0 ? "missing" : "given twice")}");
                continue;
            }

            keys[field.Name] = Values(columns[0], field, maxEntities, "join key", mistakes, nulls: null);
        }

        var requestColumns = OnlineRequestData.Read(request, plan, maxEntities, mistakes);
        var all = keys.Select(key => (Name: $"join key '{key.Key}'", key.Value.Length)).Concat(requestColumns.Select(column => (Name: $"request column '{column.Key}'", column.Value.Length))).ToList();
        var rows = all.Count == 0 ? 0 : all[0].Length;
        mistakes.AddRange(all.Where(column => column.Length != rows).Select(column => $"{column.Name} has {column.Length} values, the first has {rows}"));
        return mistakes.Count > 0
            ? throw new FeastException(StatusCodes.Status422UnprocessableEntity, string.Join("; ", mistakes))
            : new OnlineQuery
            {
                Views = plan.Views, Columns = plan.Columns, Computations = plan.Computations, RequestColumns = requestColumns, Keys = keys, Rows = rows,
            };
    }

    /// <param name="what">How messages call the column.</param>
    /// <param name="nulls">Where the column has no value; null: it must have one everywhere.</param>
    internal static FeatureValue[] Values(Column column, Field field, int maxEntities, string what, List<string> mistakes, IReadOnlyList<bool>? nulls)
    {
        if (column.ValuesCase == Column.ValuesOneofCase.Lists)
        {
            mistakes.Add($"{what} '{field.Name}' can't be a list");
            return [];
        }

        string[] texts = column.ValuesCase switch
        {
            Column.ValuesOneofCase.Bytes => Texts(column, mistakes),
            Column.ValuesOneofCase.Bools => [.. column.Bools.Values.Select(value => value ? "true" : "false")],
            Column.ValuesOneofCase.Int32S => [.. column.Int32S.Values.Select(value => value.ToString(CultureInfo.InvariantCulture))],
            Column.ValuesOneofCase.Int64S => [.. column.Int64S.Values.Select(value => value.ToString(CultureInfo.InvariantCulture))],
            Column.ValuesOneofCase.Fp32S => Whole(column.Fp32S.Values.Select(value => (double)value)),
            Column.ValuesOneofCase.Fp64S => Whole(column.Fp64S.Values),
            _ => [],
        };
        if (texts.Length > maxEntities)
        {
            throw new FeastException(StatusCodes.Status413PayloadTooLarge, $"The request has {texts.Length} entities; allowed are {maxEntities}.");
        }

        var values = new FeatureValue[texts.Length];
        for (var row = 0; row < values.Length; row++)
        {
            // An empty text is a value of a BYTES key, not a missing one.
            var isNull = nulls is not null && row < nulls.Count && nulls[row];
            var error = isNull || field.Datatype == Datatype.Bytes ? null : ValueReader.FromText(field.Datatype, texts[row], out values[row]);
            if (!isNull && field.Datatype == Datatype.Bytes)
            {
                values[row] = FeatureValue.Of(texts[row]);
            }

            if (error is not null || (nulls is null && !values[row].HasValue))
            {
                mistakes.Add($"{what} '{field.Name}'[{row}]: {error ?? "a value is required"}");
            }
        }

        return values;
    }

    private static string[] Texts(Column column, List<string> mistakes)
    {
        var texts = new string[column.Bytes.Values.Count];
        for (var row = 0; row < texts.Length; row++)
        {
            texts[row] = Text(column.Bytes.Values[row]) ?? "";
            if (column.Bytes.Values[row].Length > 0 && texts[row].Length == 0)
            {
                mistakes.Add($"join key '{column.Name}'[{row}]: not valid UTF-8");
            }
        }

        return texts;
    }

    private static string? Text(ByteString bytes)
    {
        try
        {
            return Utf8.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static string[] Whole(IEnumerable<double> values) => [.. values.Select(value => value.ToString("R", CultureInfo.InvariantCulture))];
}
