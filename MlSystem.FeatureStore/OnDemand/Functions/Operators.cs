using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Arithmetic and comparison. What overflows, divides by zero or is not a finite number is null.</summary>
internal static class Operators
{
    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        ("+", Overload.Of<long, long, long>(Add)),
        ("+", Overload.Of<double, double, double>((a, b) => a + b)),
        ("+", Overload.Of<string, string, string>((a, b) => a + b)),
        ("-", Overload.Of<long, long, long>(Subtract)),
        ("-", Overload.Of<double, double, double>((a, b) => a - b)),
        ("-", Overload.Of<Moment, Moment, double>((a, b) => TimeFunctions.Seconds(b, a))),
        ("*", Overload.Of<long, long, long>(Multiply)),
        ("*", Overload.Of<double, double, double>((a, b) => a * b)),
        ("/", Overload.Of<double, double, double>((a, b) => a / b)),
        ("//", Overload.Of<long, long, long>(FloorDivide)),
        ("//", Overload.Of<double, double, double>((a, b) => Math.Floor(a / b))),
        ("%", Overload.Of<long, long, long>(Modulo)),
        ("%", Overload.Of<double, double, double>(Modulo)),
        ("**", Overload.Of<double, double, double>((a, b) => Math.Pow(a, b))),
        ("negate", Overload.Of<long, long>(a => Subtract(0, a))),
        ("negate", Overload.Of<double, double>(a => -a)),
        ("not", Overload.Of<bool, bool>(a => !a)),
        .. Equality<bool>(), .. Equality<long>(), .. Equality<double>(), .. Equality<string>(), .. Equality<Moment>(),
        .. Order<long>((a, b) => a.CompareTo(b)), .. Order<double>((a, b) => a.CompareTo(b)),
        .. Order<string>(string.CompareOrdinal), .. Order<Moment>((a, b) => a.Us.CompareTo(b.Us)),
    ];

    /// <summary>A function that is strict in its values: the literal null has a type of its own and never gets here.</summary>
    private static (string, Overload)[] Equality<T>()
        where T : notnull =>
        [
            ("==", Overload.Of<T, T, bool>((a, b) => EqualityComparer<T>.Default.Equals(a, b))),
            ("!=", Overload.Of<T, T, bool>((a, b) => !EqualityComparer<T>.Default.Equals(a, b))),
        ];

    private static (string, Overload)[] Order<T>(Comparison<T> compare) =>
        [
            ("<", Overload.Of<T, T, bool>((a, b) => compare(a, b) < 0)),
            ("<=", Overload.Of<T, T, bool>((a, b) => compare(a, b) <= 0)),
            (">", Overload.Of<T, T, bool>((a, b) => compare(a, b) > 0)),
            (">=", Overload.Of<T, T, bool>((a, b) => compare(a, b) >= 0)),
        ];

    private static Maybe<long> Add(long a, long b)
    {
        var sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) < 0 ? Maybe<long>.None : sum;
    }

    private static Maybe<long> Subtract(long a, long b)
    {
        var difference = unchecked(a - b);
        return ((a ^ b) & (a ^ difference)) < 0 ? Maybe<long>.None : difference;
    }

    private static Maybe<long> Multiply(long a, long b) => Math.BigMul(a, b, out var low) == low >> 63 ? low : Maybe<long>.None;

    private static Maybe<long> FloorDivide(long a, long b)
    {
        if (b == 0 || (a == long.MinValue && b == -1))
        {
            return Maybe<long>.None;
        }

        var quotient = a / b;
        return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
    }

    /// <summary>With the sign of the divisor, as in Python.</summary>
    private static Maybe<long> Modulo(long a, long b)
    {
        if (b is 0 or -1)
        {
            return b == 0 ? Maybe<long>.None : 0;
        }

        var rest = a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }

    private static Maybe<double> Modulo(double a, double b)
    {
        var rest = a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
}
