namespace MlSystem.FeatureStore.Offline;

/// <summary>The offline store can't answer now; the same request can succeed later.</summary>
public sealed class OfflineStoreException(string message, Exception? inner = null) : Exception(message, inner);
