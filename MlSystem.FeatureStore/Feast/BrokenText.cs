namespace MlSystem.FeatureStore.Feast;

/// <summary>Texts in a JSON document that are no Unicode (half of a surrogate pair, bytes that are no UTF-8) are found only when they are read.</summary>
internal static class BrokenText
{
    public const string Message = "A text or a name in the body is not valid Unicode.";

    /// <summary>Whether an error comes from reading such a text.</summary>
    public static bool Is(Exception error) => error is InvalidOperationException { Source: { } source } && source.StartsWith("System.Text.Json", StringComparison.Ordinal);
}
