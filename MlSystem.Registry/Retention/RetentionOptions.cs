using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Retention;

/// <summary>Configuration section <c>Registry:Retention</c>.</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Registry:Retention";

    /// <summary>Days after which deleted runs, logged models and experiments are purged by themselves; null (the default) for never.</summary>
    [Range(0, 36500)]
    public int? PurgeDeletedAfterDays { get; set; }
}
