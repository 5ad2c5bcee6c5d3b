using System.Collections;
using System.Globalization;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>Values of database and Parquet rows as values of features. Numbers may be of any width that holds the value exactly.</summary>
public static class RecordValues
{
    /// <returns>What is wrong, or null.</returns>
    public static string? Read(Datatype datatype, object? source, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        switch (source)
        {
            case null or DBNull:
                return null;
            case string text when datatype != Datatype.Bytes:
                return ValueReader.FromText(datatype, text, out value);
            case string text:
                value = FeatureValue.Of(text);
                return null;
            case bool flag when datatype == Datatype.Bool:
                value = FeatureValue.Of(flag);
                return null;
            case Guid id when datatype == Datatype.Bytes:
                value = FeatureValue.Of(id.ToString());
                return null;
            case DateTime or DateTimeOffset or DateOnly when datatype == Datatype.Timestamp:
                value = FeatureValue.Of(TimeUs(source)!.Value);
                return null;
            case double or float when datatype is not (Datatype.Fp32 or Datatype.Fp64) && !datatype.IsList():
                return FromFloating(datatype, Convert.ToDouble(source, CultureInfo.InvariantCulture), out value);
            case double or float when !datatype.IsList():
                return FromNumber(datatype, Convert.ToDouble(source, CultureInfo.InvariantCulture), out value);
            case IEnumerable list and not string when datatype.IsList():
                return FromList(datatype, list, out value);
            case IFormattable number when datatype is not (Datatype.Bytes or Datatype.Timestamp) && !datatype.IsList():
                return ValueReader.FromText(datatype, number.ToString(null, CultureInfo.InvariantCulture), out value);
            default:
                return $"{source.GetType().Name} is not {datatype.Name()}";
        }
    }

    /// <returns>What is wrong, or null.</returns>
    public static string? Time(object? source, out long microseconds)
    {
        microseconds = 0;
        if (source is string text)
        {
            return ValueReader.Time(text, out microseconds);
        }

        if (TimeUs(source) is not { } us)
        {
            return source is null or DBNull ? "a time is required" : $"{source.GetType().Name} is not a time";
        }

        microseconds = us;
        return null;
    }

    /// <summary>A time without an offset is UTC.</summary>
    private static long? TimeUs(object? source) => source switch
    {
        DateTimeOffset time => UnixTime.Microseconds(time),
        DateTime { Kind: DateTimeKind.Local } time => UnixTime.Microseconds(new DateTimeOffset(time.ToUniversalTime(), TimeSpan.Zero)),
        DateTime time => UnixTime.Microseconds(new DateTimeOffset(time.Ticks, TimeSpan.Zero)),
        DateOnly date => UnixTime.Microseconds(new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue).Ticks, TimeSpan.Zero)),
        _ => null,
    };

    /// <summary>A column of whole numbers with missing ones is often floating.</summary>
    private static string? FromFloating(Datatype datatype, double number, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        return double.IsNaN(number) ? null
            : datatype is Datatype.Int32 or Datatype.Int64 && Math.Truncate(number) == number && Math.Abs(number) <= 9007199254740992d
                ? ValueReader.FromText(datatype, ((long)number).ToString(CultureInfo.InvariantCulture), out value)
                : string.Create(CultureInfo.InvariantCulture, $"'{number}' is not {datatype.Name()}");
    }

    private static string? FromNumber(Datatype datatype, double number, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        return double.IsNaN(number) ? null : ValueReader.FromText(datatype, number.ToString("R", CultureInfo.InvariantCulture), out value);
    }

    private static string? FromList(Datatype datatype, IEnumerable list, out FeatureValue value)
    {
        value = FeatureValue.Missing;
        try
        {
            using var json = JsonSerializer.SerializeToDocument(list.Cast<object?>().ToArray());
            return ValueReader.FromJson(datatype, json.RootElement, out value);
        }
        catch (ArgumentException)
        {
            return "a list has an element that is not finite";
        }
    }
}
