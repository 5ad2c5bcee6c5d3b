using System.Text.Json;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Words for broken JSON.</summary>
internal static class JsonFault
{
    /// <summary>What is wrong and where, lines and bytes from 1.</summary>
    public static string Describe(JsonException error)
    {
        var message = error.Message;
        var position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"malformed JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}: {(position > 0 ? message[..position] : message)}";
    }
}
