namespace MlSystem.Training.Learners.Snapshots;

/// <summary>What became of a snapshot.</summary>
internal static class SnapshotState
{
    /// <summary>Waits to be registered.</summary>
    public const string Pending = "pending";

    /// <summary>A servable version; it has the alias if one is declared.</summary>
    public const string Registered = "registered";

    /// <summary>Registered without alias: a gate's bound is broken, or the registry's validation refused it.</summary>
    public const string Refused = "refused";

    /// <summary>Could not be registered.</summary>
    public const string Failed = "failed";

    /// <summary>Newer ones took its place before it could be registered.</summary>
    public const string Superseded = "superseded";
}
