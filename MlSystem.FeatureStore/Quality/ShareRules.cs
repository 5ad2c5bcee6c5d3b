using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.Quality;

/// <summary>How a rule of a view does on many rows.</summary>
/// <param name="Rule"><c>min max allowed_values max_null_share unique</c>.</param>
/// <param name="Breaches">Rows that it does not allow; of <c>unique</c> those whose value another entity has.</param>
/// <param name="Share">Breaches as a share of the rows, 0 to 1.</param>
public sealed record RuleResult(string Feature, string Rule, string Action, bool Holds, long Breaches, double Share);

/// <summary>Asks the rules of a view of many rows at once.</summary>
public static class ShareRules
{
    /// <summary>Whether a view has rules that a single row can't tell.</summary>
    public static bool Any(FeatureViewDefinition view) => view.Rules?.Any(rule => rule.MaxNullShare is not null || rule.Unique == true) == true;

    /// <param name="rows">A query with the view's features.</param>
    /// <param name="newest">A query with the newest row of every entity.</param>
    /// <param name="all">Also rules that rows were asked when they came in: some may be older than the rule.</param>
    public static async Task<IReadOnlyList<RuleResult>> AskAsync(
        DuckDBConnection connection, FeatureView view, string rows, string newest, bool all, CancellationToken cancellationToken)
    {
        var results = new List<RuleResult>();
        foreach (var rule in view.Definition.Rules ?? [])
        {
            var feature = view.Features[view.IndexOf(rule.Feature)];
            foreach (var (name, breaches, isUnique) in Breaches(rule, feature).Where(check => all || check.Name is "max_null_share" or "unique"))
            {
                var (count, total) = await CountAsync(connection, breaches, isUnique ? newest : rows, cancellationToken);
                var share = total == 0 ? 0 : (double)count / total;
                results.Add(new RuleResult(rule.Feature, name, rule.Action, name == "max_null_share" ? share <= rule.MaxNullShare : count == 0, count, share));
            }
        }

        return results;
    }

    /// <summary>A broken rule in words.</summary>
    public static string Tell(RuleResult broken) => string.Create(
        CultureInfo.InvariantCulture, $"rule {broken.Rule} of {broken.Feature} does not hold: {broken.Breaches} rows ({broken.Share:P2})");

    private static IEnumerable<(string Name, string Breaches, bool IsUnique)> Breaches(RuleDefinition rule, Field feature)
    {
        var column = DuckDb.Name(feature.Name);
        if (rule.Min is { } min)
        {
            yield return ("min", string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER ({column} < {min:R}::DOUBLE)"), false);
        }

        if (rule.Max is { } max)
        {
            yield return ("max", string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER ({column} > {max:R}::DOUBLE)"), false);
        }

        if (rule.AllowedValues is { } allowed)
        {
            yield return ("allowed_values", $"count(*) FILTER ({column}::VARCHAR NOT IN ({string.Join(", ", allowed.Select(DuckDb.Text))}))", false);
        }

        if (rule.MaxNullShare is not null)
        {
            yield return ("max_null_share", $"count(*) FILTER ({column} IS NULL)", false);
        }

        if (rule.Unique == true)
        {
            yield return ("unique", $"count({column}) - count(DISTINCT {column})", true);
        }
    }

    private static async Task<(long Count, long Total)> CountAsync(DuckDBConnection connection, string breaches, string rows, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {breaches}, count(*) FROM ({rows})";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
