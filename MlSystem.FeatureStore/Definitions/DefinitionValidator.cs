using System.Text.RegularExpressions;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Checks a set of definitions against each other and against what is in force; finds every mistake, decides nothing else.</summary>
public sealed partial class DefinitionValidator
{
    private readonly Catalog _catalog;
    private readonly DefinitionSet _set;
    private readonly List<DefinitionError> _errors = [];
    private readonly Dictionary<string, EntityDefinition> _entities;
    private readonly Dictionary<string, FeatureViewDefinition> _views;
    private readonly HashSet<string> _sources;

    private DefinitionValidator(Catalog catalog, DefinitionSet set)
    {
        _catalog = catalog;
        _set = set;
        _entities = catalog.Entities.Values.ToDictionary(entity => entity.Name, entity => entity.Definition, StringComparer.Ordinal);
        _views = catalog.Views.Values.ToDictionary(view => view.Name, view => view.Definition, StringComparer.Ordinal);
        _sources = [.. catalog.Sources.Keys, .. set.Sources.Select(source => source.Name)];
        foreach (var entity in set.Entities)
        {
            _entities[entity.Name] = entity;
        }

        foreach (var view in set.FeatureViews)
        {
            _views[view.Name] = view;
        }
    }

    public static IReadOnlyList<DefinitionError> Validate(Catalog catalog, DefinitionSet set)
    {
        var validator = new DefinitionValidator(catalog, set);
        validator.CheckNames("entities", set.Entities.Select(entity => entity.Name));
        validator.CheckNames("sources", set.Sources.Select(source => source.Name));
        validator.CheckNames("feature_views", set.FeatureViews.Select(view => view.Name));
        validator.CheckNames("feature_services", set.FeatureServices.Select(service => service.Name));
        validator.CheckEntities();
        validator.CheckSources();
        for (var i = 0; i < set.FeatureViews.Count; i++)
        {
            validator.CheckView($"feature_views[{i}]", set.FeatureViews[i]);
        }

        for (var i = 0; i < set.FeatureServices.Count; i++)
        {
            validator.CheckService($"feature_services[{i}]", set.FeatureServices[i]);
        }

        return validator._errors;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern { get; }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,99}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ColumnPattern { get; }

    private void Error(string path, string message) => _errors.Add(new DefinitionError(path, message));

    private void CheckNames(string path, IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, name) in names.Index())
        {
            if (!NamePattern.IsMatch(name))
            {
                Error($"{path}[{index}].name", $"'{name}' is not a name: a letter or digit, then up to 99 letters, digits, '_', '.' or '-'.");
            }
            else if (!seen.Add(name))
            {
                Error($"{path}[{index}].name", $"'{name}' is defined twice.");
            }
        }
    }

    private void CheckFields(string path, IReadOnlyList<FieldDefinition> fields)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (!ColumnPattern.IsMatch(fields[i].Name))
            {
                Error($"{path}[{i}].name", $"'{fields[i].Name}' is not a column name: a letter, then up to 99 letters, digits or '_'.");
            }

            if (!Datatypes.TryParse(fields[i].Datatype, out _))
            {
                Error($"{path}[{i}].datatype", $"'{fields[i].Datatype}' is not a datatype; allowed: {Datatypes.Allowed}.");
            }
        }
    }

    private void CheckEntities()
    {
        for (var i = 0; i < _set.Entities.Count; i++)
        {
            var (entity, path) = (_set.Entities[i], $"entities[{i}].join_keys");
            if (entity.JoinKeys.Count == 0)
            {
                Error(path, "An entity needs at least one join key.");
            }

            CheckFields(path, entity.JoinKeys);
            CheckDistinct(path, entity.JoinKeys.Select(key => key.Name));
            for (var k = 0; k < entity.JoinKeys.Count; k++)
            {
                if (Datatypes.TryParse(entity.JoinKeys[k].Datatype, out var datatype) && !datatype.IsKey())
                {
                    Error($"{path}[{k}].datatype", "A join key can't be a floating-point number; allowed: BOOL INT32 INT64 BYTES.");
                }
            }

            if (_catalog.Entities.TryGetValue(entity.Name, out var known) && !SameFields(known.Definition.JoinKeys, entity.JoinKeys))
            {
                Error(path, $"The join keys of entity '{entity.Name}' can't change, because stored rows are found by them; define another entity.");
            }
        }
    }

    private static bool SameFields(IReadOnlyList<FieldDefinition> left, IReadOnlyList<FieldDefinition> right) =>
        left.Select(field => (field.Name, field.Datatype)).SequenceEqual(right.Select(field => (field.Name, field.Datatype)));

    private void CheckSources()
    {
        for (var i = 0; i < _set.Sources.Count; i++)
        {
            var (source, path) = (_set.Sources[i], $"sources[{i}]");
            if (source.Kind is not (SourceKind.Push or SourceKind.File))
            {
                Error($"{path}.kind", $"'{source.Kind}' is not a kind of source; allowed: push file.");
            }

            if (source.Kind == SourceKind.File && string.IsNullOrWhiteSpace(source.Path))
            {
                Error($"{path}.path", "A file source needs a path.");
            }

            if (source.Path is not null && (Path.IsPathRooted(source.Path) || source.Path.Split('/', '\\').Contains("..")))
            {
                Error($"{path}.path", "The path must be relative and stay inside the folder for file sources.");
            }
        }
    }

    private void CheckView(string path, FeatureViewDefinition view)
    {
        CheckFields($"{path}.features", view.Features);
        if (view.Features.Count == 0)
        {
            Error($"{path}.features", "A feature view needs at least one feature.");
        }

        if (view.TtlSeconds is < 0 or > 3_155_760_000)
        {
            Error($"{path}.ttl_seconds", "The time to live must be from 0 (never expires) to 3155760000 seconds (100 years).");
        }

        if (view.Source is not null && !_sources.Contains(view.Source))
        {
            Error($"{path}.source", $"There is no source '{view.Source}'.");
        }

        if (view is { Online: false, Offline: false })
        {
            Error(path, "A feature view must be online, offline or both.");
        }

        var keys = CheckViewEntities(path, view);
        string?[] times = [view.EventTimestampColumn, view.CreatedTimestampColumn];
        foreach (var (column, field) in times.Zip(["event_timestamp_column", "created_timestamp_column"]))
        {
            if (column is not null && !ColumnPattern.IsMatch(column))
            {
                Error($"{path}.{field}", $"'{column}' is not a column name.");
            }
        }

        CheckDistinct($"{path}.features", [.. keys.Select(key => key.Name), .. times.OfType<string>(), .. view.Features.Select(feature => feature.Name)]);
        CheckAgainstStored(path, view);
    }

    private List<FieldDefinition> CheckViewEntities(string path, FeatureViewDefinition view)
    {
        var keys = new List<FieldDefinition>();
        if (view.Entities.Count == 0)
        {
            Error($"{path}.entities", "A feature view needs at least one entity.");
        }

        for (var i = 0; i < view.Entities.Count; i++)
        {
            if (_entities.TryGetValue(view.Entities[i], out var entity))
            {
                keys.AddRange(entity.JoinKeys);
            }
            else
            {
                Error($"{path}.entities[{i}]", $"There is no entity '{view.Entities[i]}'.");
            }
        }

        return keys;
    }

    /// <summary>DuckDB, which reads the Parquet files, does not tell columns apart by case.</summary>
    private void CheckDistinct(string path, IEnumerable<string> columns)
    {
        foreach (var group in columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
        {
            Error(path, $"Column '{group.Key}' occurs {group.Count()} times among join keys, timestamps and features (upper and lower case count as the same).");
        }
    }

    /// <summary>Rows that are already stored must stay readable, and what a model is bound to must stay there.</summary>
    private void CheckAgainstStored(string path, FeatureViewDefinition view)
    {
        if (!_catalog.Views.TryGetValue(view.Name, out var stored))
        {
            return;
        }

        if (!stored.Definition.Entities.SequenceEqual(view.Entities))
        {
            Error($"{path}.entities", $"The entities of view '{view.Name}' can't change, because stored rows are found by them; define another view.");
        }

        for (var i = 0; i < view.Features.Count; i++)
        {
            var feature = view.Features[i];
            var before = stored.Layouts.SelectMany(layout => layout.Features).FirstOrDefault(field => field.Name == feature.Name);
            if (before is not null && Datatypes.TryParse(feature.Datatype, out var datatype) && datatype != before.Datatype)
            {
                Error($"{path}.features[{i}].datatype", $"Feature '{feature.Name}' is {before.Datatype.Name()} in stored rows and can't become {feature.Datatype}; give the feature another name.");
            }
        }

        var kept = view.Features.Select(feature => feature.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var service in _catalog.Services.Values.SelectMany(versions => versions))
        {
            foreach (var used in service.Features.Where(feature => feature.View == view.Name && !kept.Contains(feature.Feature)))
            {
                Error($"{path}.features", $"Feature '{used.Feature}' is used by feature service '{service.Name}' version {service.Version} and can't be removed.");
            }
        }
    }

    private void CheckService(string path, FeatureServiceDefinition service)
    {
        if (service.Features.Count == 0)
        {
            Error($"{path}.features", "A feature service needs at least one feature view.");
        }

        var names = new List<string>();
        for (var i = 0; i < service.Features.Count; i++)
        {
            names.AddRange(CheckProjection($"{path}.features[{i}]", service.Features[i]));
        }

        foreach (var group in names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            Error($"{path}.features", $"The name '{group.Key}' stands for {group.Count()} features; give all but one another name with 'rename'.");
        }
    }

    private List<string> CheckProjection(string path, ProjectionDefinition projection)
    {
        if (!_views.TryGetValue(projection.View, out var view))
        {
            Error($"{path}.view", $"There is no feature view '{projection.View}'.");
            return [];
        }

        var known = view.Features.Select(feature => feature.Name).ToHashSet(StringComparer.Ordinal);
        var chosen = projection.Features ?? [.. view.Features.Select(feature => feature.Name)];
        foreach (var unknown in chosen.Where(feature => !known.Contains(feature)))
        {
            Error($"{path}.features", $"Feature view '{projection.View}' has no feature '{unknown}'.");
        }

        foreach (var (feature, name) in projection.Rename ?? new Dictionary<string, string>())
        {
            if (!chosen.Contains(feature))
            {
                Error($"{path}.rename", $"'{feature}' is not among the chosen features.");
            }

            if (!ColumnPattern.IsMatch(name))
            {
                Error($"{path}.rename", $"'{name}' is not a column name: a letter, then up to 99 letters, digits or '_'.");
            }
        }

        return [.. chosen.Select(feature => projection.Rename?.GetValueOrDefault(feature) ?? feature)];
    }
}
