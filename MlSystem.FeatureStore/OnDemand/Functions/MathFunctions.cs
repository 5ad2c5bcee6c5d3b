using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Mathematics; outside a function's domain the result is null.</summary>
internal static class MathFunctions
{
    /// <summary>Mean radius of the earth (IUGG), in kilometres.</summary>
    private const double EarthKm = 6371.0088;

    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        ("abs", Overload.Of<long, long>(x => x == long.MinValue ? Maybe<long>.None : Math.Abs(x))),
        ("sign", Overload.Of<long, long>(x => Math.Sign(x))),
        ("sign", Overload.Of<double, long>(x => Math.Sign(x))),
        ("least", Overload.Of<long, long, long>((a, b) => Math.Min(a, b))),
        ("least", Overload.Of<double, double, double>((a, b) => Math.Min(a, b))),
        ("least", Overload.Of<Moment, Moment, Moment>((a, b) => a.Us <= b.Us ? a : b)),
        ("greatest", Overload.Of<long, long, long>((a, b) => Math.Max(a, b))),
        ("greatest", Overload.Of<double, double, double>((a, b) => Math.Max(a, b))),
        ("greatest", Overload.Of<Moment, Moment, Moment>((a, b) => a.Us >= b.Us ? a : b)),
        ("clip", Overload.Of<long, long, long, long>((x, low, high) => low > high ? Maybe<long>.None : Math.Clamp(x, low, high))),
        ("clip", Overload.Of<double, double, double, double>((x, low, high) => low > high ? Maybe<double>.None : Math.Clamp(x, low, high))),
        ("round", Overload.Of<double, long, double>((x, digits) => digits is < 0 or > 15 ? Maybe<double>.None : Math.Round(x, (int)digits))),
        ("pow", Overload.Of<double, double, double>((x, y) => Math.Pow(x, y))),
        ("log", Overload.Of<double, double, double>((x, radix) => Math.Log(x, radix))),
        ("atan2", Overload.Of<double, double, double>((y, x) => Math.Atan2(y, x))),
        ("pi", new Overload([], ColumnType.Float, (_, rows) => new ConstantNode(ColumnType.Float, Math.PI).Evaluate(new Frame(rows, [], new Vector<Moment>([], []))))),
        ("haversine_km", Overload.Of<double, double>(Haversine)),
        .. Float("abs", Math.Abs), .. Float("floor", Math.Floor), .. Float("ceil", Math.Ceiling), .. Float("trunc", Math.Truncate), .. Float("round", Math.Round),
        .. Float("sqrt", Math.Sqrt), .. Float("cbrt", Math.Cbrt), .. Float("exp", Math.Exp), .. Float("ln", Math.Log), .. Float("log", Math.Log),
        .. Float("log2", Math.Log2), .. Float("log10", Math.Log10), .. Float("log1p", double.LogP1), .. Float("sin", Math.Sin), .. Float("cos", Math.Cos),
        .. Float("tan", Math.Tan), .. Float("asin", Math.Asin), .. Float("acos", Math.Acos), .. Float("atan", Math.Atan), .. Float("tanh", Math.Tanh),
        .. Float("radians", x => x * (Math.PI / 180)), .. Float("degrees", x => x * (180 / Math.PI)), .. Float("sigmoid", x => 1 / (1 + Math.Exp(-x))),
    ];

    private static (string, Overload)[] Float(string name, Func<double, double> function) => [(name, Overload.Of<double, double>(x => function(x)))];

    /// <summary>Great-circle distance of two places given in degrees.</summary>
    private static Maybe<double> Haversine(double latitude1, double longitude1, double latitude2, double longitude2)
    {
        var (a, b) = (latitude1 * (Math.PI / 180), latitude2 * (Math.PI / 180));
        var (sinLatitude, sinLongitude) = (Math.Sin((b - a) / 2), Math.Sin((longitude2 - longitude1) * (Math.PI / 180) / 2));
        var h = (sinLatitude * sinLatitude) + (Math.Cos(a) * Math.Cos(b) * sinLongitude * sinLongitude);
        return 2 * EarthKm * Math.Asin(Math.Min(1, Math.Sqrt(h)));
    }
}
