using System.Text.RegularExpressions;

namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Names of definitions and columns.</summary>
public static partial class NameRules
{
    private const string ColumnForm = "is not a column name: a letter, then up to 99 letters, digits or '_'.";

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern { get; }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,99}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ColumnPattern { get; }

    public static void CheckNames(DefinitionScope scope, string section, IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, name) in names.Index())
        {
            if (!NamePattern.IsMatch(name))
            {
                scope.Error($"{section}[{index}].name", $"'{name}' is not a name: a letter or digit, then up to 99 letters, digits, '_', '.' or '-'.");
            }
            else if (!seen.Add(name))
            {
                scope.Error($"{section}[{index}].name", $"'{name}' is defined twice.");
            }
        }
    }

    /// <summary>Views of every kind are read by their name alone.</summary>
    public static void CheckViewNames(DefinitionScope scope)
    {
        foreach (var view in scope.Views.Values)
        {
            string?[] kinds =
            [
                scope.FeatureViews.ContainsKey(view.Name) ? DefinitionKind.FeatureView : null,
                scope.StreamViews.ContainsKey(view.Name) ? DefinitionKind.StreamFeatureView : null,
                scope.OnDemandViews.ContainsKey(view.Name) ? DefinitionKind.OnDemandFeatureView : null,
            ];
            if (kinds.Count(kind => kind is not null) > 1)
            {
                scope.Error($"{view.Path ?? view.Kind}.name", $"'{view.Name}' is the name of more than one view ({string.Join(", ", kinds.OfType<string>())}).");
            }
        }
    }

    public static bool IsColumn(string name) => ColumnPattern.IsMatch(name);

    public static void CheckColumn(DefinitionScope scope, string path, string name)
    {
        if (!IsColumn(name))
        {
            scope.Error(path, $"'{name}' {ColumnForm}");
        }
    }

    public static void CheckFields(DefinitionScope scope, string path, IEnumerable<(string Name, string Datatype)> fields)
    {
        foreach (var (index, (name, datatype)) in fields.Index())
        {
            CheckColumn(scope, $"{path}[{index}].name", name);
            if (!Datatypes.TryParse(datatype, out _))
            {
                scope.Error($"{path}[{index}].datatype", $"'{datatype}' is not a datatype; allowed: {Datatypes.Allowed}.");
            }
        }
    }

    /// <summary>DuckDB, which reads the Parquet files, does not tell columns apart by case.</summary>
    public static void CheckDistinct(DefinitionScope scope, string path, IEnumerable<string> columns)
    {
        foreach (var group in columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            scope.Error(path, $"Column '{group.Key}' occurs {group.Count()} times among join keys, timestamps and features (upper and lower case count as the same).");
        }
    }
}
