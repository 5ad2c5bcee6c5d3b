using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>Lists: embeddings and histories. Sums run from the first element to the last, so their bits are always the same.</summary>
internal static class ListFunctions
{
    public static IReadOnlyList<(string Name, Overload Overload)> All { get; } =
    [
        .. Of<long>(), .. Of<double>(), .. Of<string>(),
        ("sum", Overload.Of<double[], double>(list => Sum(list, (_, value) => value))),
        ("mean", Overload.Of<double[], double>(list => Sum(list, (_, value) => value) / list.Length)),
        ("min", Overload.Of<double[], double>(list => list.Length == 0 ? Maybe<double>.None : list.Min())),
        ("max", Overload.Of<double[], double>(list => list.Length == 0 ? Maybe<double>.None : list.Max())),
        ("min", Overload.Of<long[], long>(list => list.Length == 0 ? Maybe<long>.None : list.Min())),
        ("max", Overload.Of<long[], long>(list => list.Length == 0 ? Maybe<long>.None : list.Max())),
        ("norm", Overload.Of<double[], double>(list => Norm(list))),
        ("dot", Overload.Of<double[], double[], double>(Dot)),
        ("cosine_similarity", Overload.Of<double[], double[], double>((a, b) => Dot(a, b) is { IsValid: true } dot ? dot.Value / (Norm(a) * Norm(b)) : Maybe<double>.None)),
    ];

    private static (string, Overload)[] Of<T>() =>
        [
            ("length", Overload.Of<T[], long>(list => list.Length)),
            ("element", Overload.Of<T[], long, T>(Element)),
            ("contains", Overload.Of<T[], T, bool>((list, value) => Array.IndexOf(list, value) >= 0)),
            ("first", Overload.Of<T[], long, T[]>((list, count) => count < 0 ? Maybe<T[]>.None : list[..(int)Math.Min(count, list.Length)])),
            ("last", Overload.Of<T[], long, T[]>((list, count) => count < 0 ? Maybe<T[]>.None : list[^(int)Math.Min(count, list.Length)..])),
        ];

    /// <summary>From 0; a negative position counts from the end.</summary>
    private static Maybe<T> Element<T>(T[] list, long position)
    {
        var index = position < 0 ? position + list.Length : position;
        return index >= 0 && index < list.Length ? list[index] : Maybe<T>.None;
    }

    private static double Sum(double[] list, Func<int, double, double> term)
    {
        var sum = 0d;
        for (var i = 0; i < list.Length; i++)
        {
            sum += term(i, list[i]);
        }

        return sum;
    }

    private static double Norm(double[] list) => Math.Sqrt(Sum(list, (_, value) => value * value));

    /// <summary>Null for lists of different length.</summary>
    private static Maybe<double> Dot(double[] a, double[] b) => a.Length == b.Length ? Sum(a, (i, value) => value * b[i]) : Maybe<double>.None;
}
