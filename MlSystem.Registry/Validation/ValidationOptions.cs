using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Validation;

/// <summary>Configuration section <c>Registry:Validation</c>: bounds of the process that tries a model out.</summary>
internal sealed class ValidationOptions
{
    public const string Section = "Registry:Validation";

    /// <summary>Seconds until the process is killed, 1 to 3600.</summary>
    [Range(1, 3600)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Resident memory in MiB beyond which the process is killed, 128 to 1048576.</summary>
    [Range(128, 1_048_576)]
    public int MaxMemoryMb { get; set; } = 4096;

    /// <summary>Processes at the same time, each with the two bounds above, 1 to 64. Default: as many as the machine has cores.</summary>
    [Range(1, 64)]
    public int MaxConcurrent { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 64);
}
