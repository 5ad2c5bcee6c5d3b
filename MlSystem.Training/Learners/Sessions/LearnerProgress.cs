using System.Text.Json.Serialization;
using MlSystem.Training.Learners.Definitions;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>How far a learner is: what is stored with its weights.</summary>
public sealed record LearnerProgress
{
    /// <summary>Rows learnt.</summary>
    public long Rows { get; init; }

    /// <summary>Rows that could not be learnt.</summary>
    public long Rejected { get; init; }

    /// <summary>Why, newest last, at most five.</summary>
    public IReadOnlyList<string> RecentRejections { get; set; } = [];

    /// <summary>Rises of the loss that the detector found.</summary>
    public long Drifts { get; init; }

    /// <summary>The row at which the newest one was certain; 0: none.</summary>
    public long LastDriftAt { get; init; }

    /// <summary>Prequential metrics over all rows.</summary>
    public IReadOnlyDictionary<string, double> Overall { get; set; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Over the newest rows, at most the metric window.</summary>
    public IReadOnlyDictionary<string, double> Window { get; set; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>With fading weights.</summary>
    public IReadOnlyDictionary<string, double> Faded { get; set; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary><c>topic/partition</c> → the offset behind the last event whose effect these weights have.</summary>
    public IReadOnlyDictionary<string, long> Offsets { get; set; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Endpoint: predictions and labels that wait for each other.</summary>
    public long Waiting { get; init; }

    /// <summary>Rows at the newest snapshot.</summary>
    public long SnapshotRows { get; init; }

    public DateTimeOffset? SnapshotAt { get; init; }

    /// <summary>When this was stored.</summary>
    public DateTimeOffset SavedAt { get; init; }
}

/// <summary>JSON of learners: snake_case, absent instead of null.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LearnerProgress))]
[JsonSerializable(typeof(LearnerDefinition))]
[JsonSerializable(typeof(SortedDictionary<string, double>))]
[JsonSerializable(typeof(LearnerView))]
[JsonSerializable(typeof(LearnerList))]
[JsonSerializable(typeof(SnapshotList))]
[JsonSerializable(typeof(RowsAccepted))]
[JsonSerializable(typeof(RollbackRequest))]
internal sealed partial class LearnerJson : JsonSerializerContext;
