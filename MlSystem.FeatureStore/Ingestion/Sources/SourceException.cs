namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>A source can't be read: its file, database or table is not there or not as it should be.</summary>
public sealed class SourceException(string message, Exception? inner = null) : Exception(message, inner);
