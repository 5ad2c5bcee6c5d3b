namespace MlSystem.FeatureStore.Online;

/// <summary>The online store can't answer now; the same request can succeed later.</summary>
public sealed class OnlineStoreException(string message, Exception? inner = null) : Exception(message, inner);
