using System.Collections.Frozen;
using MlSystem.FeatureStore.OnDemand.Evaluation;

namespace MlSystem.FeatureStore.OnDemand.Functions;

/// <summary>All functions and operators with their forms.</summary>
public static class FunctionTable
{
    private static readonly FrozenDictionary<string, Overload[]> Table =
        new[] { Operators.All, MathFunctions.All, TextFunctions.All, TimeFunctions.All, ListFunctions.All, Casts.All }
            .SelectMany(functions => functions)
            .GroupBy(function => function.Name, function => function.Overload, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);

    /// <summary>Functions of two arguments that take more from left to right.</summary>
    public static FrozenSet<string> Folding { get; } = new[] { "least", "greatest", "concat" }.ToFrozenSet(StringComparer.Ordinal);

    public static IEnumerable<string> Names => Table.Keys;

    /// <summary>Null: there is no such function.</summary>
    public static IReadOnlyList<Overload>? Find(string name) => Table.GetValueOrDefault(name);
}
