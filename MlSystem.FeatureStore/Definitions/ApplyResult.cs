using MlSystem.FeatureStore.Definitions.Breaking;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>How to apply.</summary>
/// <param name="PlanOnly">Only tell what would change.</param>
/// <param name="Prune">Delete every definition that the request leaves out.</param>
/// <param name="Force">Also break what live endpoints read.</param>
public sealed record ApplyOptions(bool PlanOnly = false, bool Prune = false, bool Force = false);

/// <summary>What an apply did.</summary>
/// <param name="Revision">The catalog's revision afterwards; unchanged when nothing changed.</param>
/// <param name="Plan">One entry for every definition of the request, in its order, then the deleted ones.</param>
/// <param name="Breaks">Versions of feature services that can't be read any more; absent when there are none.</param>
public sealed record ApplyResult(long Revision, IReadOnlyList<PlannedChange> Plan, IReadOnlyList<BrokenService>? Breaks = null);

/// <summary>What happens to one definition.</summary>
/// <param name="Kind">One of <see cref="DefinitionKind"/>.</param>
/// <param name="Version">The definition's version afterwards, from 1.</param>
/// <param name="Change"><c>created updated unchanged deleted</c>.</param>
/// <param name="Details">What is different, for people.</param>
public sealed record PlannedChange(string Kind, string Name, int Version, string Change, IReadOnlyList<string> Details)
{
    public const string Created = "created";
    public const string Updated = "updated";
    public const string Unchanged = "unchanged";
    public const string Deleted = "deleted";
}

/// <summary>One mistake in a set of definitions.</summary>
/// <param name="Path">Where, for instance <c>feature_views[0].features[2].datatype</c>.</param>
public sealed record DefinitionError(string Path, string Message);

/// <summary>The definitions were refused as a whole.</summary>
public sealed class InvalidDefinitionsException(IReadOnlyList<DefinitionError> errors) : Exception("The definitions are not valid.")
{
    public IReadOnlyList<DefinitionError> Errors => errors;

    /// <summary>One mistake.</summary>
    public static InvalidDefinitionsException At(string path, string message) => new([new DefinitionError(path, message)]);
}

/// <summary>Answer of <c>GET /api/entities</c>.</summary>
public sealed record EntityList(IReadOnlyList<EntityDefinition> Entities);

/// <summary>Answer of <c>GET /api/sources</c>.</summary>
public sealed record SourceList(IReadOnlyList<SourceDefinition> Sources);

/// <summary>Answer of <c>GET /api/stream-feature-views</c>.</summary>
public sealed record StreamFeatureViewList(IReadOnlyList<StreamFeatureViewAnswer> StreamFeatureViews);

/// <summary>A stream feature view with the features that its aggregations come to.</summary>
public sealed record StreamFeatureViewAnswer(string Name, int Version, StreamFeatureViewDefinition Definition, IReadOnlyList<FieldDefinition> Features, IReadOnlyList<FieldDefinition> JoinKeys);

/// <summary>Answer of <c>GET /api/on-demand-feature-views</c>.</summary>
public sealed record OnDemandFeatureViewList(IReadOnlyList<OnDemandFeatureViewAnswer> OnDemandFeatureViews);

/// <summary>An on-demand feature view with the columns that its expressions use.</summary>
public sealed record OnDemandFeatureViewAnswer(string Name, int Version, OnDemandFeatureViewDefinition Definition, IReadOnlyList<StoredInput> Inputs);

/// <summary>Answer of <c>GET /api/feature-views</c>.</summary>
public sealed record FeatureViewList(IReadOnlyList<FeatureViewAnswer> FeatureViews);

/// <summary>Answer of <c>GET /api/feature-views/{v}</c>.</summary>
public sealed record FeatureViewAnswer(string Name, int Version, FeatureViewDefinition Definition, IReadOnlyList<FieldDefinition> JoinKeys);

/// <summary>Answer of <c>GET /api/feature-services</c>.</summary>
public sealed record FeatureServiceList(IReadOnlyList<FeatureServiceAnswer> FeatureServices);

/// <summary>Answer of <c>GET /api/feature-services/{name}</c>.</summary>
/// <param name="RequestColumns">Columns that a read must bring along; absent when there are none.</param>
/// <param name="SensitiveColumns">Join keys and features (by their names in the service) whose values belong in no log and no statistics; absent when there are none.</param>
public sealed record FeatureServiceAnswer(
    string Name, int Version, IReadOnlyList<ServiceFeatureAnswer> Features, IReadOnlyList<FieldDefinition> JoinKeys,
    IReadOnlyList<FieldDefinition>? RequestColumns = null, IReadOnlyList<string>? SensitiveColumns = null);

/// <summary>One feature of a service.</summary>
/// <param name="ViewVersion">Of an on-demand feature view: the version whose expression computes it.</param>
public sealed record ServiceFeatureAnswer(string View, string Feature, string Name, string Datatype, int? ViewVersion = null);
