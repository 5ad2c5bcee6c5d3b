using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.Training.Steps;

/// <summary>JSON files of steps.</summary>
internal static class StepFiles
{
    public static async Task<T> ReadAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync(stream, type, cancellationToken) ?? throw new InvalidDataException($"{path} holds null.");
    }

    public static async Task WriteAsync<T>(string path, T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await using var stream = File.Create(path);
        await JsonSerializer.SerializeAsync(stream, value, type, cancellationToken);
    }
}
