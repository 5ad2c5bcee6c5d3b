namespace MlSystem.FeatureStore.Definitions;

/// <summary>
/// What values of a feature must be like. <see cref="Min"/>, <see cref="Max"/> and <see cref="AllowedValues"/> are asked of each row that comes in (nulls pass),
/// <see cref="MaxNullShare"/> and <see cref="Unique"/> of many rows: by statistics and before a materialization. A null share of 0 is asked of each row, too.
/// </summary>
public sealed record RuleDefinition
{
    public string Feature { get; set; } = "";

    /// <summary>Least value of a number, inclusive.</summary>
    public double? Min { get; set; }

    /// <summary>Greatest value of a number, inclusive.</summary>
    public double? Max { get; set; }

    /// <summary>Of BYTES, whole numbers and BOOL (<c>true</c>, <c>false</c>), as text.</summary>
    public IReadOnlyList<string>? AllowedValues { get; set; }

    /// <summary>Greatest share of rows without a value, 0 to 1.</summary>
    public double? MaxNullShare { get; set; }

    /// <summary>No two entities have the same value in their newest rows.</summary>
    public bool? Unique { get; set; }

    /// <summary><see cref="Warn"/> (default): breaches are counted and told; <see cref="Block"/>: rows are refused, a materialization fails.</summary>
    public string Action { get; set; } = Warn;

    public const string Warn = "warn";

    public const string Block = "block";
}
