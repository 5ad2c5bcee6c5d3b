namespace MlSystem.Monitor.Storage;

/// <summary>One answered request: what its feedback is joined with. Times are Unix milliseconds.</summary>
public sealed class RequestRow
{
    public required string RequestId { get; set; }

    public required string Endpoint { get; set; }

    public required string Model { get; set; }

    public required int Version { get; set; }

    public required string Variant { get; set; }

    public required string Role { get; set; }

    public required long Time { get; set; }

    /// <summary>Predictions of the request: rows 0 to <c>Rows - 1</c>.</summary>
    public required int Rows { get; set; }
}

/// <summary>How much one version answered under one revision of an endpoint, since Monitor first saw it: it outlives the history. Times are Unix milliseconds.</summary>
public sealed class ServedCountRow
{
    public required string Endpoint { get; set; }

    /// <summary>0 where it is not known: of predictions that were logged before it was.</summary>
    public required long Revision { get; set; }

    public required string Model { get; set; }

    public required int Version { get; set; }

    public required string Variant { get; set; }

    public required string Role { get; set; }

    public required long Requests { get; set; }

    public required long Predictions { get; set; }

    public required long FirstTime { get; set; }

    public required long LastTime { get; set; }
}

/// <summary>What is known to be true of one prediction: its newest label and its newest reward, which may come apart.</summary>
public sealed class OutcomeRow
{
    public required string RequestId { get; set; }

    public required int Row { get; set; }

    /// <summary>As the feedback names it; the prediction's own counts once it is there.</summary>
    public required string Endpoint { get; set; }

    /// <summary>JSON.</summary>
    public string? Label { get; set; }

    /// <summary>Orders feedback: later observations win, then the larger id.</summary>
    public long LabelTime { get; set; }

    public string LabelFeedbackId { get; set; } = "";

    public double? Reward { get; set; }

    public long RewardTime { get; set; }

    public string RewardFeedbackId { get; set; } = "";
}

/// <summary>History that is durable here until a Parquet file has it.</summary>
public sealed class StagedRow
{
    public long Id { get; set; }

    /// <summary>One of <see cref="HistoryKind"/>.</summary>
    public required string Kind { get; set; }

    public required string Endpoint { get; set; }

    /// <summary>The prediction's UTC day, <c>yyyy-MM-dd</c>.</summary>
    public required string Date { get; set; }

    /// <summary>JSON of the event or of the outcome.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>Rows that it makes in a Parquet file.</summary>
    public long Rows { get; set; } = 1;

    /// <summary>Length of <see cref="Payload"/>.</summary>
    public long Bytes { get; set; }
}

/// <summary>A Parquet file that counts. Files that no row names are leftovers of a crash.</summary>
public sealed class HistoryFileRow
{
    public long Id { get; set; }

    public required string Kind { get; set; }

    public required string Endpoint { get; set; }

    public required string Date { get; set; }

    /// <summary>Relative to the history folder, with forward slashes.</summary>
    public required string Path { get; set; }

    public required long Rows { get; set; }

    public required long SizeBytes { get; set; }
}

/// <summary>An event that can never be handled, put aside with its reason.</summary>
public sealed class RejectedRow
{
    public required string Topic { get; set; }

    public required int Partition { get; set; }

    public required long Offset { get; set; }

    public required string Reason { get; set; }

    public required byte[] Payload { get; set; }

    public required long Time { get; set; }
}

/// <summary>What is staged, and the two kinds of history file that it becomes.</summary>
public static class HistoryKind
{
    public const string Predictions = "predictions";
    public const string Labels = "labels";

    /// <summary>Staged only: many requests in one payload, which become <see cref="Predictions"/>.</summary>
    public const string Batches = "prediction_batches";

    /// <summary>The kind of file that staged rows of a kind go to.</summary>
    public static string FileKind(string staged) => staged == Batches ? Predictions : staged;
}
