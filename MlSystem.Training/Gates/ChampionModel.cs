using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Clients;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Gates;

/// <summary>The version that holds the alias, as far as it can be compared with.</summary>
/// <param name="Signature">Null when it has none that can be read.</param>
/// <param name="Onnx">Null when it is no ONNX model.</param>
internal sealed record ChampionModel(int Version, ModelSignature? Signature, byte[]? Onnx)
{
    /// <summary>Why it cannot predict the held-out rows; null when it may.</summary>
    public string? Problem =>
        Signature is null ? $"version {Version} has no {ModelFiles.Signature} that can be read"
        : Onnx is null ? $"version {Version} has no {ModelFiles.Onnx}"
        : null;

    /// <summary>Null when no alias is declared or no version holds it.</summary>
    public static async Task<ChampionModel?> FindAsync(RegistryClient registry, RegisterSpec register, CancellationToken cancellationToken)
    {
        if (register.Alias is not { } alias || await registry.FindAliasAsync(register.Model, alias, cancellationToken) is not { } version)
        {
            return null;
        }

        var signature = await registry.FindFileAsync(register.Model, version, ModelFiles.Signature, cancellationToken);
        return new ChampionModel(version, signature is null ? null : Read(signature), await registry.FindFileAsync(register.Model, version, ModelFiles.Onnx, cancellationToken));
    }

    private static ModelSignature? Read(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ContractsJson.Default.ModelSignature);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
