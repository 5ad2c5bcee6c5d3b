using MlSystem.FeatureStore.OnDemand;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Writes into definitions what they take from others, so that they keep meaning the same.</summary>
public sealed class DefinitionResolver(Catalog catalog)
{
    public StoredStreamFeatureView Resolve(StreamFeatureViewDefinition view)
    {
        var used = view.Aggregations.Select(aggregation => aggregation.Column).ToHashSet(StringComparer.Ordinal);
        var columns = (catalog.Sources[view.Source].Definition.Columns ?? []).Where(column => used.Contains(column.Name));
        return new StoredStreamFeatureView(view, [.. columns.Select(column => new FieldDefinition { Name = column.Name, Datatype = column.Datatype })]);
    }

    public StoredOnDemandFeatureView Resolve(OnDemandFeatureViewDefinition view)
    {
        var available = view.Sources.SelectMany(source => catalog.Views.TryGetValue(source, out var found)
            ? found.Features.Select(field => new OnDemandInput(source, false, field))
            : (catalog.Sources[source].Definition.Columns ?? []).Select(column => new OnDemandInput(source, true, CatalogBuilder.ToField(new FieldDefinition { Name = column.Name, Datatype = column.Datatype }))));
        var (program, errors) = OnDemandCompiler.Compile(view.Features, [.. available]);
        return program is null
            ? throw new InvalidOperationException($"On-demand feature view '{view.Name}' was not validated: {errors[0].Message}")
            : new StoredOnDemandFeatureView(view, [.. program.Inputs.Select(input => new StoredInput(input.Source, input.Field.Name, input.Field.Datatype.Name(), input.IsRequest ? true : null))]);
    }

    public StoredFeatureService Resolve(FeatureServiceDefinition service)
    {
        var features = new List<ServiceFeatureAnswer>();
        var (keys, request) = (new List<Field>(), new List<Field>());
        foreach (var projection in service.Features)
        {
            if (catalog.Views.TryGetValue(projection.View, out var view))
            {
                features.AddRange(Chosen(projection, view.Features, null));
                keys.AddRange(view.JoinKeys);
            }
            else
            {
                var onDemand = catalog.OnDemandView(projection.View, null)!;
                features.AddRange(Chosen(projection, onDemand.Program.Features, onDemand.Version));
                keys.AddRange(onDemand.Program.Inputs.Where(input => !input.IsRequest).SelectMany(input => catalog.Views[input.Source].JoinKeys));
                request.AddRange(onDemand.Program.Inputs.Where(input => input.IsRequest).Select(input => input.Field));
            }
        }

        return new StoredFeatureService(service, features, Fields(keys), request.Count == 0 ? null : Fields(request));
    }

    private static IEnumerable<ServiceFeatureAnswer> Chosen(ProjectionDefinition projection, IReadOnlyList<Field> features, int? onDemandVersion) =>
        from name in projection.Features ?? [.. features.Select(feature => feature.Name)]
        let feature = features.First(feature => feature.Name == name)
        select new ServiceFeatureAnswer(projection.View, name, projection.Rename?.GetValueOrDefault(name) ?? name, feature.Datatype.Name(), onDemandVersion);

    private static IReadOnlyList<FieldDefinition> Fields(IEnumerable<Field> fields) =>
        [.. fields.Distinct().Select(field => new FieldDefinition { Name = field.Name, Datatype = field.Datatype.Name() })];
}
