using System.Text.Json;

namespace MlSystem.Contracts;

/// <summary>CloudEvents types.</summary>
public static class EventTypes
{
    public const string PredictionBatch = "mlsystem.prediction_batch.v1";

    /// <summary>One request an event: no longer written, still read where a log holds it.</summary>
    public const string Prediction = "mlsystem.prediction.v1";
    public const string Feedback = "mlsystem.feedback.v1";
    public const string FeatureRow = "mlsystem.feature_row.v1";
    public const string Registry = "mlsystem.registry.v1";
    public const string Run = "mlsystem.run.v1";
    public const string Alert = "mlsystem.alert.v1";
}

/// <summary>One answered inference request, as it was logged before <see cref="PredictionBatchEvent"/>. A prediction's id is <c>{request_id}/{row}</c>, rows from 0.</summary>
public sealed record PredictionEvent
{
    /// <summary>UUIDv7 made by the server.</summary>
    public required string RequestId { get; init; }

    /// <summary>The <c>id</c> of the client, not trusted to be unique.</summary>
    public string? ClientId { get; init; }

    public required string Endpoint { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    public required string Variant { get; init; }

    /// <summary>One of <see cref="VariantRole"/>.</summary>
    public required string Role { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required int Rows { get; init; }

    /// <summary>Model inputs, looked-up ones included; empty when the request was not sampled.</summary>
    public required IReadOnlyDictionary<string, TensorColumn> Inputs { get; init; }

    public required IReadOnlyDictionary<string, TensorColumn> JoinKeys { get; init; }

    public required IReadOnlyDictionary<string, TensorColumn> Outputs { get; init; }

    public required long LatencyMicroseconds { get; init; }

    /// <summary>Age of the oldest looked-up feature; null when none was looked up.</summary>
    public double? OldestFeatureAgeSeconds { get; init; }
}

/// <summary>A tensor as it is logged.</summary>
public sealed record TensorColumn
{
    public required string Datatype { get; init; }

    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>Flat, row-major JSON array; null stands for a missing value.</summary>
    public required JsonElement Data { get; init; }
}

/// <summary>What turned out to be true of one prediction; at least one of label and reward is set.</summary>
public sealed record FeedbackEvent
{
    /// <summary>Id of this feedback, for idempotent consumers.</summary>
    public required string FeedbackId { get; init; }

    /// <summary><c>{request_id}/{row}</c>.</summary>
    public required string PredictionId { get; init; }

    public required string RequestId { get; init; }

    public required int Row { get; init; }

    public required string Endpoint { get; init; }

    /// <summary>The true class (string, number or boolean) or value.</summary>
    public JsonElement? Label { get; init; }

    public double? Reward { get; init; }

    /// <summary>The variant that made the prediction, where the replica that took the feedback knew it.</summary>
    public string? Variant { get; init; }

    /// <summary>Its model version.</summary>
    public int? Version { get; init; }

    /// <summary>When the outcome was observed.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>One row of one feature view.</summary>
public sealed record FeatureRowEvent
{
    public required string FeatureView { get; init; }

    /// <summary>Join key → value.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Entity { get; init; }

    public required DateTimeOffset EventTime { get; init; }

    /// <summary>When the row was received; breaks ties between rows of the same event time.</summary>
    public required DateTimeOffset CreatedTime { get; init; }

    /// <summary>Feature → value; JSON null stands for a missing value.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Values { get; init; }

    public bool Online { get; set; } = true;

    public bool Offline { get; set; } = true;
}

/// <summary>A change in the registry.</summary>
public sealed record RegistryEvent
{
    public required string EventId { get; init; }

    /// <summary>One of <see cref="RegistryChange"/>.</summary>
    public required string Change { get; init; }

    public string? Model { get; init; }

    public int? Version { get; init; }

    public string? Alias { get; init; }

    public string? Endpoint { get; init; }

    public long? Revision { get; init; }

    /// <summary>The id of the promotion that a change of kind <c>promotion.…</c> is about.</summary>
    public string? Promotion { get; init; }

    public required string Principal { get; init; }

    public string? RequestId { get; init; }

    public required DateTimeOffset Time { get; init; }
}

/// <summary>Kinds of change that the registry tells of.</summary>
public static class RegistryChange
{
    public const string ModelCreated = "model.created";
    public const string VersionCreated = "model_version.created";
    public const string VersionValidated = "model_version.validated";
    public const string VersionDeleted = "model_version.deleted";
    public const string VersionStageChanged = "model_version.stage_changed";
    public const string ModelRenamed = "model.renamed";
    public const string ModelDeleted = "model.deleted";
    public const string AliasSet = "alias.set";
    public const string AliasDeleted = "alias.deleted";
    public const string EndpointRevised = "endpoint.revised";

    /// <summary>Followed by the promotion's new state: <c>requested approved rejected applied superseded cancelled</c>.</summary>
    public const string PromotionPrefix = "promotion.";
}

/// <summary>A pipeline run changed its state.</summary>
public sealed record RunEvent
{
    public required string RunId { get; init; }

    public required string Pipeline { get; init; }

    /// <summary>One of <c>queued running succeeded failed cancelled</c>.</summary>
    public required string State { get; init; }

    public required RunTrigger Trigger { get; init; }

    public string? Model { get; init; }

    public int? Version { get; init; }

    public string? Error { get; init; }

    public required DateTimeOffset Time { get; init; }
}
