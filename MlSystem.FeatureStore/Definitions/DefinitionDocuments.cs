namespace MlSystem.FeatureStore.Definitions;

// Settable, not init-only, here and in the files of the single kinds: generated deserializers would give an absent init-only member
// its type's default instead of the one written here.

/// <summary>Body of <c>POST /api/apply</c>: the definitions to create, change or delete. What it leaves out stays as it is.</summary>
public sealed record DefinitionSet
{
    public IReadOnlyList<EntityDefinition> Entities { get; set; } = [];

    public IReadOnlyList<SourceDefinition> Sources { get; set; } = [];

    public IReadOnlyList<FeatureViewDefinition> FeatureViews { get; set; } = [];

    public IReadOnlyList<StreamFeatureViewDefinition> StreamFeatureViews { get; set; } = [];

    public IReadOnlyList<OnDemandFeatureViewDefinition> OnDemandFeatureViews { get; set; } = [];

    public IReadOnlyList<FeatureServiceDefinition> FeatureServices { get; set; } = [];

    /// <summary>Definitions that go away.</summary>
    public DeletionDefinition Delete { get; set; } = new();
}

/// <summary>Names of definitions that go away, by kind.</summary>
public sealed record DeletionDefinition
{
    public IReadOnlyList<string> Entities { get; set; } = [];

    public IReadOnlyList<string> Sources { get; set; } = [];

    public IReadOnlyList<string> FeatureViews { get; set; } = [];

    public IReadOnlyList<string> StreamFeatureViews { get; set; } = [];

    public IReadOnlyList<string> OnDemandFeatureViews { get; set; } = [];

    public IReadOnlyList<string> FeatureServices { get; set; } = [];
}

/// <summary>What every definition has.</summary>
public interface INamedDefinition
{
    string Name { get; }
}

/// <summary>A kind of thing that has features, for instance a customer.</summary>
public sealed record EntityDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    /// <summary>Columns that together identify one entity; any scalar datatype but FP32 and FP64.</summary>
    public IReadOnlyList<FieldDefinition> JoinKeys { get; set; } = [];
}

/// <summary>A named, typed column.</summary>
public sealed record FieldDefinition
{
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="Datatypes.Allowed"/>.</summary>
    public string Datatype { get; set; } = "";

    public string? Description { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }
}

/// <summary>A named, versioned set of features that a model uses.</summary>
public sealed record FeatureServiceDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    public IReadOnlyList<ProjectionDefinition> Features { get; set; } = [];
}

/// <summary>Features of one view in a service.</summary>
public sealed record ProjectionDefinition
{
    /// <summary>A feature view, stream feature view or on-demand feature view.</summary>
    public string View { get; set; } = "";

    /// <summary>Feature names in the wanted order; absent: all of the view's.</summary>
    public IReadOnlyList<string>? Features { get; set; }

    /// <summary>Feature name → name in the service, where two views have a feature of the same name.</summary>
    public IReadOnlyDictionary<string, string>? Rename { get; set; }
}
