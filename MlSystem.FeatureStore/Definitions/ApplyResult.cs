namespace MlSystem.FeatureStore.Definitions;

/// <summary>What an apply did.</summary>
/// <param name="Revision">The catalog's revision afterwards; unchanged when nothing changed.</param>
/// <param name="Plan">One entry for every definition of the request, in its order.</param>
public sealed record ApplyResult(long Revision, IReadOnlyList<PlannedChange> Plan);

/// <summary>What happens to one definition.</summary>
/// <param name="Kind"><c>entity source feature_view feature_service</c>.</param>
/// <param name="Version">The definition's version afterwards, from 1.</param>
/// <param name="Change"><c>created updated unchanged</c>.</param>
/// <param name="Details">What is different, for people.</param>
public sealed record PlannedChange(string Kind, string Name, int Version, string Change, IReadOnlyList<string> Details)
{
    public const string Created = "created";
    public const string Updated = "updated";
    public const string Unchanged = "unchanged";
}

/// <summary>One mistake in a set of definitions.</summary>
/// <param name="Path">Where, for instance <c>feature_views[0].features[2].datatype</c>.</param>
public sealed record DefinitionError(string Path, string Message);

/// <summary>The definitions were refused as a whole.</summary>
public sealed class InvalidDefinitionsException(IReadOnlyList<DefinitionError> errors) : Exception("The definitions are not valid.")
{
    public IReadOnlyList<DefinitionError> Errors => errors;
}

/// <summary>Answer of <c>GET /api/entities</c>.</summary>
public sealed record EntityList(IReadOnlyList<EntityDefinition> Entities);

/// <summary>Answer of <c>GET /api/feature-views</c>.</summary>
public sealed record FeatureViewList(IReadOnlyList<FeatureViewAnswer> FeatureViews);

/// <summary>Answer of <c>GET /api/feature-views/{v}</c>.</summary>
public sealed record FeatureViewAnswer(string Name, int Version, FeatureViewDefinition Definition, IReadOnlyList<FieldDefinition> JoinKeys);

/// <summary>Answer of <c>GET /api/feature-services</c>.</summary>
public sealed record FeatureServiceList(IReadOnlyList<FeatureServiceAnswer> FeatureServices);

/// <summary>Answer of <c>GET /api/feature-services/{name}</c>.</summary>
public sealed record FeatureServiceAnswer(string Name, int Version, IReadOnlyList<ServiceFeatureAnswer> Features, IReadOnlyList<FieldDefinition> JoinKeys);

/// <summary>One feature of a service.</summary>
public sealed record ServiceFeatureAnswer(string View, string Feature, string Name, string Datatype);

/// <summary>A version of a service as it is stored: resolved, so that later changes of its views do not touch it.</summary>
public sealed record StoredFeatureService(FeatureServiceDefinition Definition, IReadOnlyList<ServiceFeatureAnswer> Features, IReadOnlyList<FieldDefinition> JoinKeys);
