namespace MlSystem.FeatureStore.OnDemand.Language;

/// <summary>An expression is not valid.</summary>
/// <param name="position">Where, in characters from 1.</param>
public sealed class ExpressionException(int position, string message) : Exception($"At {position}: {message}")
{
    public int Position => position;
}
