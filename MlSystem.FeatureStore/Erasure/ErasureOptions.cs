using System.ComponentModel.DataAnnotations;

namespace MlSystem.FeatureStore.Erasure;

/// <summary>Settings of erasure: section <c>Features:Erasure</c>.</summary>
public sealed class ErasureOptions
{
    public const string Section = "Features:Erasure";

    /// <summary>
    /// How long rows of an erased entity from before its erasure are kept from coming in again; default 3,650 days, 1 to 36,500. It must be longer than
    /// whatever may replay old rows: the event logs' retention, sources, backups.
    /// </summary>
    [Range(1, 36_500)]
    public double TombstoneDays { get; set; } = 3_650;

    /// <summary>Backups that may still have an erased entity; an erasure's answer names them. They are not touched.</summary>
    public IReadOnlyList<BackupOptions> Backups { get; set; } = [];
}

/// <summary>A backup that the operator makes.</summary>
public sealed class BackupOptions
{
    public string Name { get; set; } = "";

    /// <summary>How long it is kept, in days.</summary>
    public double RetentionDays { get; set; }
}
