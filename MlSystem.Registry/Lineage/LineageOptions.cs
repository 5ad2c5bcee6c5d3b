using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Lineage;

/// <summary>Configuration section <c>Registry:Lineage</c>.</summary>
internal sealed class LineageOptions
{
    public const string Section = "Registry:Lineage";

    /// <summary>How long an answer waits for Monitor's counts, seconds; 0.1 to 60. Default 2.</summary>
    [Range(0.1, 60)]
    public double MonitorTimeoutSeconds { get; set; } = 2;
}
