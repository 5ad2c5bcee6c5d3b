using MlSystem.Contracts;
using MlSystem.FeatureStore.Materialization;

namespace MlSystem.FeatureStore.Definitions.Validation;

/// <summary>Feature views.</summary>
public static class FeatureViewRules
{
    public static void Check(DefinitionScope scope, string path, FeatureViewDefinition view)
    {
        NameRules.CheckFields(scope, $"{path}.features", view.Features.Select(feature => (feature.Name, feature.Datatype)));
        if (view.Features.Count == 0)
        {
            scope.Error($"{path}.features", "A feature view needs at least one feature.");
        }

        ViewRules.CheckTtl(scope, path, view.TtlSeconds);
        ExpiredRules.Check(scope, path, view.Expired, view.TtlSeconds, view.Features.Select(feature => (feature.Name, Datatypes.TryParse(feature.Datatype, out var datatype) ? datatype : (Datatype?)null)));
        ViewRules.CheckStores(scope, path, view.Online, view.Offline);
        CheckSchedule(scope, path, view);
        RuleRules.Check(scope, path, view);
        var keys = ViewRules.CheckEntities(scope, path, view.Entities);
        CheckTimes(scope, path, view);
        var names = keys.Select(key => key.Name).Concat(view.Features.Select(feature => feature.Name)).ToArray();
        string?[] times = [view.EventTimestampColumn, view.CreatedTimestampColumn];
        NameRules.CheckDistinct(scope, $"{path}.features", names.Concat(times.OfType<string>()));
        ViewRules.CheckSensitive(scope, path, view.SensitiveColumns, names);
        CheckSource(scope, path, view, keys);
        ViewRules.CheckStored(scope, path, view.Name, view.Entities, [.. view.Features.Select((feature, index) =>
            (feature.Name, Datatypes.TryParse(feature.Datatype, out var datatype) ? datatype : (Datatype?)null, $"{path}.features[{index}].datatype"))]);
    }

    private static void CheckSchedule(DefinitionScope scope, string path, FeatureViewDefinition view)
    {
        foreach (var (member, message) in view.Materialization is { } schedule ? MaterializationSchedule.Mistakes(schedule) : [])
        {
            scope.Error($"{path}.materialization{member}", message);
        }

        if (view.Materialization is not null && !(view.Online && view.Offline))
        {
            scope.Error($"{path}.materialization", "Only a view that is online and offline can be materialized.");
        }
    }

    private static void CheckTimes(DefinitionScope scope, string path, FeatureViewDefinition view)
    {
        NameRules.CheckColumn(scope, $"{path}.event_timestamp_column", view.EventTimestampColumn);
        if (view.CreatedTimestampColumn is { } created)
        {
            NameRules.CheckColumn(scope, $"{path}.created_timestamp_column", created);
        }
    }

    private static void CheckSource(DefinitionScope scope, string path, FeatureViewDefinition view, IReadOnlyList<FieldDefinition> keys)
    {
        if (view.Source is null)
        {
            return;
        }

        if (!scope.Sources.TryGetValue(view.Source, out var source))
        {
            scope.Error($"{path}.source", $"There is no source '{view.Source}'.");
        }
        else if (source.Kind == SourceKind.Request)
        {
            scope.Error($"{path}.source", $"'{view.Source}' is a request source, which only on-demand feature views use.");
        }
        else if (source is { Kind: SourceKind.Topic, Topic: Topics.Features })
        {
            scope.Error($"{path}.source", $"Topic {Topics.Features} is where the rows of feature views go; only stream feature views read it as a source.");
        }
        else if (source.Kind == SourceKind.Topic)
        {
            CheckTopicColumns(scope, path, view, keys, source);
        }
    }

    /// <summary>The other kinds of source tell their columns when rows come.</summary>
    private static void CheckTopicColumns(DefinitionScope scope, string path, FeatureViewDefinition view, IReadOnlyList<FieldDefinition> keys, SourceDefinition source)
    {
        var columns = DefinitionScope.Fields(source.Columns).GroupBy(column => column.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Datatype, StringComparer.Ordinal);
        var wanted = keys.Concat(view.Features).Select(field => (field.Name, field.Datatype)).Append((view.EventTimestampColumn, Datatype.Timestamp.Name()));
        wanted = view.CreatedTimestampColumn is { } created ? wanted.Append((created, Datatype.Timestamp.Name())) : wanted;
        foreach (var (name, datatype) in wanted)
        {
            if (!columns.TryGetValue(name, out var known))
            {
                scope.Error($"{path}.source", $"Source '{source.Name}' has no column '{name}'.");
            }
            else if (known.Name() != datatype)
            {
                scope.Error($"{path}.source", $"Column '{name}' of source '{source.Name}' is {known.Name()}, the view needs {datatype}.");
            }
        }
    }
}
