using System.ComponentModel.DataAnnotations;

namespace MlSystem.FeatureStore.Definitions.Folder;

/// <summary>A folder of definitions that is watched, for development: section <c>Features:Definitions</c>.</summary>
public sealed class DefinitionFolderOptions
{
    public const string Section = "Features:Definitions";

    /// <summary>Folder whose files <c>*.yaml *.yml *.json</c> (not those in folders below) are one set of definitions; default none.</summary>
    public string? Directory { get; set; }

    /// <summary>How often the folder is looked at; default 1 second, 0.1 to 3600 seconds.</summary>
    [Range(0.1, 3600)]
    public double ScanSeconds { get; set; } = 1;

    /// <summary>Whether definitions that no file has are deleted; default false.</summary>
    public bool Prune { get; set; }
}
