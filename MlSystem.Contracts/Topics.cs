namespace MlSystem.Contracts;

/// <summary>The topics of the event log (CloudEvents 1.0, binary mode).</summary>
public static class Topics
{
    /// <summary><see cref="PredictionBatchEvent"/>, keyed by its own id; <see cref="PredictionEvent"/> in older logs.</summary>
    public const string Predictions = "mlsystem.predictions";

    /// <summary><see cref="FeedbackEvent"/>, keyed by request id.</summary>
    public const string Feedback = "mlsystem.feedback";

    /// <summary><see cref="FeatureRowEvent"/>, keyed by the entity.</summary>
    public const string Features = "mlsystem.features";

    /// <summary><see cref="RegistryEvent"/>, keyed by model or endpoint name.</summary>
    public const string Registry = "mlsystem.registry";

    /// <summary><see cref="AlertEvent"/>, keyed by endpoint.</summary>
    public const string Alerts = "mlsystem.alerts";

    /// <summary><see cref="RunEvent"/>, keyed by run id.</summary>
    public const string Runs = "mlsystem.runs";
}
