namespace MlSystem.FeatureStore.Definitions;

// Settable, not init-only: generated deserializers would give an absent init-only member its type's default instead of the one written here.

/// <summary>Body of <c>POST /api/apply</c>: the definitions to create or change. What it leaves out stays as it is.</summary>
public sealed record DefinitionSet
{
    public IReadOnlyList<EntityDefinition> Entities { get; set; } = [];

    public IReadOnlyList<SourceDefinition> Sources { get; set; } = [];

    public IReadOnlyList<FeatureViewDefinition> FeatureViews { get; set; } = [];

    public IReadOnlyList<FeatureServiceDefinition> FeatureServices { get; set; } = [];
}

/// <summary>A kind of thing that has features, for instance a customer.</summary>
public sealed record EntityDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    /// <summary>Columns that together identify one entity; any datatype but FP32 and FP64.</summary>
    public IReadOnlyList<FieldDefinition> JoinKeys { get; set; } = [];
}

/// <summary>A named, typed column.</summary>
public sealed record FieldDefinition
{
    public string Name { get; set; } = "";

    /// <summary>BOOL INT32 INT64 FP32 FP64 BYTES.</summary>
    public string Datatype { get; set; } = "";

    public string? Description { get; set; }
}

/// <summary>Where rows come from.</summary>
public sealed record SourceDefinition
{
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="SourceKind"/>.</summary>
    public string Kind { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    /// <summary>File sources: the CSV file, relative to the folder of option <c>Features:FileSourceDirectory</c>.</summary>
    public string? Path { get; set; }
}

/// <summary>Kinds of source.</summary>
public static class SourceKind
{
    /// <summary>Rows are pushed through <c>POST /push</c>.</summary>
    public const string Push = "push";

    /// <summary>Rows are read from a CSV file on request.</summary>
    public const string File = "file";
}

/// <summary>A set of features of the same entities that come from the same source with the same event time.</summary>
public sealed record FeatureViewDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyList<string> Entities { get; set; } = [];

    public IReadOnlyList<FieldDefinition> Features { get; set; } = [];

    /// <summary>Name of a source; null when rows come by CSV or from the event log only.</summary>
    public string? Source { get; set; }

    /// <summary>How long a value is valid after its event time; absent or 0: for ever.</summary>
    public long TtlSeconds { get; set; }

    /// <summary>The column that tells when a row's values became true.</summary>
    public string EventTimestampColumn { get; set; } = "event_timestamp";

    /// <summary>The column that tells when a row was made, which decides between rows of one event time; absent: when it was received.</summary>
    public string? CreatedTimestampColumn { get; set; }

    /// <summary>Whether values can be read by <c>/get-online-features</c>.</summary>
    public bool Online { get; set; } = true;

    /// <summary>Whether values take part in historical joins.</summary>
    public bool Offline { get; set; } = true;
}

/// <summary>A named, versioned set of features that a model uses.</summary>
public sealed record FeatureServiceDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyList<ProjectionDefinition> Features { get; set; } = [];
}

/// <summary>Features of one view in a service.</summary>
public sealed record ProjectionDefinition
{
    public string View { get; set; } = "";

    /// <summary>Feature names in the wanted order; absent: all of the view's.</summary>
    public IReadOnlyList<string>? Features { get; set; }

    /// <summary>Feature name → name in the service, where two views have a feature of the same name.</summary>
    public IReadOnlyDictionary<string, string>? Rename { get; set; }
}
