using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline.Statistics;

/// <summary>Statistics of rows that are in memory.</summary>
internal static class RowStatistics
{
    public static Dictionary<string, ColumnStatistics> Of(FeatureView view, IReadOnlyList<OfflineRow> rows) => Enumerable.Range(0, view.Features.Count)
        .ToDictionary(index => view.Features[index].Name, index => Of(view.Features[index].Datatype, rows.Select(row => row.Row.Values[index])).For(view, view.Features[index].Name), StringComparer.Ordinal);

    private static ColumnStatistics Of(Datatype datatype, IEnumerable<FeatureValue> values)
    {
        long nulls = 0, count = 0;
        var (min, max, sum) = (double.PositiveInfinity, double.NegativeInfinity, 0.0);
        string? minText = null, maxText = null;
        foreach (var value in values)
        {
            if (!value.HasValue)
            {
                nulls++;
                continue;
            }

            count++;
            if (datatype.IsList())
            {
                continue;
            }

            if (datatype == Datatype.Bytes)
            {
                minText = minText is null || Utf8Order.Compare(value.Text!, minText) < 0 ? value.Text : minText;
                maxText = maxText is null || Utf8Order.Compare(value.Text!, maxText) > 0 ? value.Text : maxText;
                continue;
            }

            var number = datatype is Datatype.Fp32 or Datatype.Fp64 ? value.AsFp64 : value.AsInt64;
            (min, max, sum) = (Math.Min(min, number), Math.Max(max, number), sum + number);
        }

        var numbers = datatype != Datatype.Bytes && !datatype.IsList() && count > 0 && double.IsFinite(sum);
        return new ColumnStatistics
        {
            Nulls = nulls,
            Count = count,
            Min = numbers ? min : null,
            Max = numbers ? max : null,
            Sum = numbers ? sum : null,
            MinText = minText is null ? null : Utf8Order.Short(minText),
            MaxText = maxText is null ? null : Utf8Order.Short(maxText),
        };
    }
}
