using Microsoft.EntityFrameworkCore;

namespace MlSystem.Training.Labels.Storage;

/// <summary>A queue of predictions that people are to label.</summary>
internal sealed class LabelQueueRow
{
    public required string Name { get; init; }

    /// <summary>UUIDv7; another one when a name is used again.</summary>
    public required string Id { get; init; }

    /// <summary>As canonical JSON.</summary>
    public required string Definition { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Items given out for the first time, whole.</summary>
    public int Served { get; set; }

    /// <summary>Of these, items drawn by chance.</summary>
    public int ServedAtRandom { get; set; }
}

/// <summary>One prediction in a queue.</summary>
internal sealed class LabelItemRow
{
    public required string QueueId { get; init; }

    /// <summary><c>{request_id}/{row}</c>.</summary>
    public required string PredictionId { get; init; }

    /// <summary>One of <see cref="LabelItemState"/>.</summary>
    public required string State { get; set; }

    /// <summary>Larger is more informative.</summary>
    public required double Score { get; set; }

    /// <summary>A hash of the prediction's id, uniform in [0, 1): the smallest ones are a random sample.</summary>
    public required double Chance { get; init; }

    /// <summary>Inputs as JSON.</summary>
    public required string Inputs { get; init; }

    /// <summary>Probabilities by class as JSON array; null where the model gives none.</summary>
    public string? Probabilities { get; init; }

    /// <summary>The class or value that was predicted.</summary>
    public string? Predicted { get; init; }

    /// <summary>Committee: labels predicted by the members, as JSON object variant → label.</summary>
    public string? Votes { get; set; }

    /// <summary>Whether it was drawn by chance; null until it was given out.</summary>
    public bool? AtRandom { get; set; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The agreed or decided label.</summary>
    public string? Label { get; set; }
}

/// <summary>What one annotator has to do with one item: a lease, a label or a skip.</summary>
internal sealed class LabelAnswerRow
{
    public required string QueueId { get; init; }

    public required string PredictionId { get; init; }

    public required string Annotator { get; init; }

    /// <summary>Null while it is leased and after a skip.</summary>
    public string? Label { get; set; }

    public bool Skipped { get; set; }

    /// <summary>Until when the item is held for this annotator.</summary>
    public required DateTimeOffset LeaseUntil { get; set; }
}

internal static class LabelItemState
{
    /// <summary>May be given out.</summary>
    public const string Candidate = "candidate";

    /// <summary>Given out at least once; waits for more labels.</summary>
    public const string Open = "open";

    /// <summary>Enough annotators agree; the label is sent as feedback.</summary>
    public const string Agreed = "agreed";

    /// <summary>All have answered and too few agree: somebody decides.</summary>
    public const string Conflict = "conflict";

    /// <summary>Somebody decided; the label is sent as feedback.</summary>
    public const string Adjudicated = "adjudicated";

    /// <summary>As many as may answer have skipped it.</summary>
    public const string Skipped = "skipped";
}

internal static class LabelTables
{
    public static void Configure(ModelBuilder model)
    {
        model.Entity<LabelQueueRow>(queue =>
        {
            queue.ToTable("label_queues");
            queue.HasKey(q => q.Name);
        });
        model.Entity<LabelItemRow>(item =>
        {
            item.ToTable("label_items");
            item.HasKey(i => new { i.QueueId, i.PredictionId });
            item.HasIndex(i => new { i.QueueId, i.State, i.Score });
        });
        model.Entity<LabelAnswerRow>(answer =>
        {
            answer.ToTable("label_answers");
            answer.HasKey(a => new { a.QueueId, a.PredictionId, a.Annotator });
        });
    }
}
