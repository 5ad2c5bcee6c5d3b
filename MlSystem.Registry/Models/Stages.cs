using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Models;

/// <summary>MLflow's stages of a version.</summary>
internal static class Stages
{
    public const string None = "None";
    public const string Production = "Production";
    public const string Archived = "Archived";
    private const string Staging = "Staging";

    private static readonly string[] All = [None, Staging, Production, Archived];

    /// <summary>Whether versions can take turns in it.</summary>
    public static bool IsActive(string stage) => stage is Staging or Production;

    /// <summary>The stage's own spelling, whatever the case of the request.</summary>
    public static string Canonical(string? stage)
    {
        var wanted = Require.Text(stage, "stage");
        return Array.Find(All, s => s.Equals(wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw MlflowError.Invalid($"Invalid Model Version stage: {wanted}. Value must be one of {string.Join(", ", All)}.");
    }
}
