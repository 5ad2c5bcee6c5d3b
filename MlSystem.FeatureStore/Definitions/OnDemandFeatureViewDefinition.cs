namespace MlSystem.FeatureStore.Definitions;

/// <summary>Features computed when they are read, from other views' features and columns of the request; the same in training and serving.</summary>
public sealed record OnDemandFeatureViewDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    /// <summary>Feature views, stream feature views and sources of kind <c>request</c> whose columns the expressions may use.</summary>
    public IReadOnlyList<string> Sources { get; set; } = [];

    public IReadOnlyList<OnDemandFeatureDefinition> Features { get; set; } = [];

    /// <summary>Features whose values never appear in logs, error messages and statistics.</summary>
    public IReadOnlyList<string>? SensitiveColumns { get; set; }
}

/// <summary>One computed feature.</summary>
public sealed record OnDemandFeatureDefinition
{
    public string Name { get; set; } = "";

    public string Datatype { get; set; } = "";

    public string? Description { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    /// <summary>See <c>docs/features/on-demand.md</c>; may use the features of this view that stand before it.</summary>
    public string Expression { get; set; } = "";
}
