namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Sources: each kind has its own members.</summary>
public static class SourceRules
{
    private static readonly Dictionary<string, string[]> MembersOf = new(StringComparer.Ordinal)
    {
        [SourceKind.Push] = [],
        [SourceKind.File] = ["path", "format"],
        [SourceKind.Table] = ["table", "query", "connection"],
        [SourceKind.Topic] = ["topic", "columns", "filter"],
        [SourceKind.Request] = ["columns"],
    };

    public static void Check(DefinitionScope scope, string path, SourceDefinition source)
    {
        if (!MembersOf.TryGetValue(source.Kind, out var allowed))
        {
            scope.Error($"{path}.kind", $"'{source.Kind}' is not a kind of source; allowed: {string.Join(' ', SourceKind.All)}.");
            return;
        }

        foreach (var member in Given(source).Except(allowed, StringComparer.Ordinal))
        {
            scope.Error($"{path}.{member}", $"A source of kind {source.Kind} has no '{member}'.");
        }

        switch (source.Kind)
        {
            case SourceKind.File:
                CheckFile(scope, path, source);
                break;
            case SourceKind.Table:
                CheckTable(scope, path, source);
                break;
            case SourceKind.Topic:
                CheckTopic(scope, path, source);
                break;
            case SourceKind.Request:
                CheckColumns(scope, path, source);
                break;
        }
    }

    private static IEnumerable<string> Given(SourceDefinition source)
    {
        (string Name, object? Value)[] members =
        [
            ("path", source.Path), ("format", source.Format), ("table", source.Table), ("query", source.Query), ("connection", source.Connection),
            ("topic", source.Topic), ("columns", source.Columns), ("filter", source.Filter),
        ];
        return members.Where(member => member.Value is not null).Select(member => member.Name);
    }

    private static void CheckFile(DefinitionScope scope, string path, SourceDefinition source)
    {
        if (string.IsNullOrWhiteSpace(source.Path))
        {
            scope.Error($"{path}.path", "A file source needs a path.");
            return;
        }

        if (Path.IsPathRooted(source.Path) || source.Path.Split('/', '\\').Contains(".."))
        {
            scope.Error($"{path}.path", "The path must be relative and stay inside the folder for file sources.");
        }

        if (source.Format is not (null or "csv" or "parquet"))
        {
            scope.Error($"{path}.format", $"'{source.Format}' is not a format; allowed: csv parquet.");
        }
    }

    private static void CheckTable(DefinitionScope scope, string path, SourceDefinition source)
    {
        if (source.Table is null == source.Query is null)
        {
            scope.Error(path, "A table source needs either 'table' or 'query'.");
        }

        if (source.Table is { } table && (table.Length == 0 || table.Split('.').Any(part => part.Length == 0)))
        {
            scope.Error($"{path}.table", $"'{table}' is not the name of a table; expected table or schema.table.");
        }

        if (source.Query is { } query && (query.Contains(';', StringComparison.Ordinal) || !IsSelect(query)))
        {
            scope.Error($"{path}.query", "The query must be one SELECT statement (or WITH … SELECT) without a semicolon.");
        }

        if (string.IsNullOrWhiteSpace(source.Connection))
        {
            scope.Error($"{path}.connection", "A table source needs the name of a connection string (ConnectionStrings:{name} in the configuration).");
        }
    }

    private static bool IsSelect(string query) =>
        query.TrimStart() is var text && (text.StartsWith("select", StringComparison.OrdinalIgnoreCase) || text.StartsWith("with", StringComparison.OrdinalIgnoreCase));

    private static void CheckTopic(DefinitionScope scope, string path, SourceDefinition source)
    {
        if (string.IsNullOrWhiteSpace(source.Topic) || source.Topic.Length > 249 || !source.Topic.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'))
        {
            scope.Error($"{path}.topic", $"'{source.Topic}' is not a topic: 1 to 249 letters, digits, '.', '_' or '-'.");
        }

        CheckColumns(scope, path, source);
        if (source.Filter is { } filter)
        {
            OnDemandRules.CheckFilter(scope, $"{path}.filter", filter, DefinitionScope.Fields(source.Columns));
        }
    }

    private static void CheckColumns(DefinitionScope scope, string path, SourceDefinition source)
    {
        var columns = source.Columns ?? [];
        if (columns.Count == 0)
        {
            scope.Error($"{path}.columns", $"A source of kind {source.Kind} needs columns.");
        }

        NameRules.CheckFields(scope, $"{path}.columns", columns.Select(column => (column.Name, column.Datatype)));
        NameRules.CheckDistinct(scope, $"{path}.columns", columns.Select(column => column.Name));
        for (var i = 0; i < columns.Count; i++)
        {
            CheckColumn(scope, $"{path}.columns[{i}]", source.Kind, columns[i]);
        }
    }

    private static void CheckColumn(DefinitionScope scope, string path, string kind, SourceColumnDefinition column)
    {
        if (kind != SourceKind.Topic && (column.Field ?? column.Unit) is not null)
        {
            scope.Error(path, "Only columns of a topic have 'field' and 'unit'.");
        }

        if (column.Field is { } field && field.Split('.').Any(part => part.Length == 0))
        {
            scope.Error($"{path}.field", $"'{field}' is not a place in an event: member names separated by dots.");
        }

        if (column.Unit is { } unit && (!SourceColumnDefinition.TimeUnits.Contains(unit) || column.Datatype != Datatype.Timestamp.Name()))
        {
            scope.Error($"{path}.unit", $"A unit belongs to a TIMESTAMP; allowed: {string.Join(' ', SourceColumnDefinition.TimeUnits)}.");
        }
    }
}
