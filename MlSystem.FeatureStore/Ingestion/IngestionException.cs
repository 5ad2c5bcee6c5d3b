namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Rows could not be acknowledged; sending the same rows again is safe.</summary>
public sealed class IngestionException(string message, Exception inner) : Exception(message, inner);

/// <summary>A row that is larger than the event log takes.</summary>
public sealed class RowTooLargeException(string message, Exception inner) : Exception(message, inner);
