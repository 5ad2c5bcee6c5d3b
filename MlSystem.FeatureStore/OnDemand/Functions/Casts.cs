using System.Globalization;
using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Casts; what can't be cast is null.</summary>
internal static class Casts
{
    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        ("int64", Overload.Of<long, long>(value => value)),
        ("int64", Overload.Of<double, long>(value => Math.Abs(value) < 9223372036854775808d ? (long)value : Maybe<long>.None)),
        ("int64", Overload.Of<bool, long>(value => value ? 1 : 0)),
        ("int64", Overload.Of<string, long>(text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : Maybe<long>.None)),
        ("fp64", Overload.Of<double, double>(value => value)),
        ("fp64", Overload.Of<bool, double>(value => value ? 1 : 0)),
        ("fp64", Overload.Of<string, double>(text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : Maybe<double>.None)),
        ("fp32", Overload.Of<double, double>(value => (double)(float)value)),
        ("bool", Overload.Of<bool, bool>(value => value)),
        ("bool", Overload.Of<long, bool>(value => value != 0)),
        ("bool", Overload.Of<string, bool>(text => text is "true" or "1" ? true : text is "false" or "0" ? false : Maybe<bool>.None)),
        ("text", Overload.Of<string, string>(text => text)),
        ("text", Overload.Of<bool, string>(value => value ? "true" : "false")),
        ("text", Overload.Of<long, string>(value => value.ToString(CultureInfo.InvariantCulture))),
        ("text", Overload.Of<double, string>(value => value.ToString("R", CultureInfo.InvariantCulture))),
        ("text", Overload.Of<Moment, string>(time => TimeFunctions.Utc(time).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture))),
        ("timestamp", Overload.Of<string, Moment>(TimeFunctions.Parse)),
        ("timestamp", Overload.Of<Moment, Moment>(time => time)),
    ];
}
