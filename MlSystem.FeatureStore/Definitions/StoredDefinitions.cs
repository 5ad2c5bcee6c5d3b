namespace MlSystem.FeatureStore.Definitions;

/// <summary>Kinds of definition, as stored and as shown in a plan.</summary>
public static class DefinitionKind
{
    public const string Entity = "entity";
    public const string Source = "source";
    public const string FeatureView = "feature_view";
    public const string StreamFeatureView = "stream_feature_view";
    public const string OnDemandFeatureView = "on_demand_feature_view";
    public const string FeatureService = "feature_service";
}

/// <summary>A version of a stream feature view as it is stored, with the columns of its source, so that later changes of the source do not touch it.</summary>
public sealed record StoredStreamFeatureView(StreamFeatureViewDefinition Definition, IReadOnlyList<FieldDefinition> Columns);

/// <summary>A version of an on-demand feature view as it is stored, with the columns that its expressions use.</summary>
public sealed record StoredOnDemandFeatureView(OnDemandFeatureViewDefinition Definition, IReadOnlyList<StoredInput> Inputs);

/// <summary>A column that an expression uses.</summary>
/// <param name="Request">True: it comes with the request; absent: it is a feature of view <paramref name="Source"/>.</param>
public sealed record StoredInput(string Source, string Name, string Datatype, bool? Request);

/// <summary>A version of a service as it is stored: resolved, so that later changes of its views do not touch it.</summary>
public sealed record StoredFeatureService(
    FeatureServiceDefinition Definition, IReadOnlyList<ServiceFeatureAnswer> Features, IReadOnlyList<FieldDefinition> JoinKeys, IReadOnlyList<FieldDefinition>? RequestColumns = null);
